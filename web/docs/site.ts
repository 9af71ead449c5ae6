import "./site.css";
import { addCopyButtons } from "./copy.ts";
import { startSearch } from "./search.ts";

/** What the pages can do with a script. Without one they are read all the same. */
addCopyButtons(document.querySelectorAll<HTMLElement>(".code"));
startSearch();

// The menu of a small screen closes itself once it has led somewhere on the page that is shown.
const navigation = document.getElementById("navigation");
navigation?.addEventListener("click", (event) => {
  if (event.target instanceof HTMLAnchorElement && navigation.matches(":popover-open"))
    navigation.hidePopover();
});
