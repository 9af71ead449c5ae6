/** How large a PNG is: its header says so, right behind the signature. @throws Error for what is no PNG. */
export function pngSize(file: Buffer): { readonly width: number; readonly height: number } {
  if (file.length < 24 || file.toString("latin1", 1, 4) !== "PNG") throw new Error("this is no PNG");
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20) };
}
