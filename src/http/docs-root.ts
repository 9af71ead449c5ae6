/**
 * Stands in the page for what is not found where the server puts the way to the documentation's own address. Whatever
 * builds the documentation writes it there.
 */
export const rootPlaceholder = "{{root}}";
