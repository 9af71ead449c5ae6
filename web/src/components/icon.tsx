/** The marks of the console, drawn on 16 × 16; each stands beside words or has a name of its own nearby. */
const paths = {
  alert: "M8 1.8 14.8 13.7H1.2ZM8 6v3.6M8 11.8v.1",
  ban: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM3.8 3.8l8.4 8.4",
  check: "m3 8.5 3.2 3.2L13 4.8",
  chevronDown: "m4 6 4 4 4-4",
  chevronLeft: "m10 3.5-4.5 4.5 4.5 4.5",
  chevronRight: "m6 3.5 4.5 4.5L6 12.5",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.6",
  close: "m4 4 8 8M12 4l-8 8",
  columns: "M2.5 3h11v10h-11ZM6.2 3v10M9.8 3v10",
  copy: "M5.5 5.5h7.5v7.5h-7.5ZM10.5 5.5V3h-7.5v7.5h2.5",
  database:
    "M8 2c3 0 5 .8 5 2s-2 2-5 2-5-.8-5-2 2-2 5-2ZM3 4v8c0 1.2 2 2 5 2s5-.8 5-2V4M3 8c0 1.2 2 2 5 2s5-.8 5-2",
  download: "M8 2.5v7.5M4.8 7.2 8 10.4l3.2-3.2M3 13.2h10",
  fail: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  filter: "M2.2 3.5h11.6L9.4 8.6v4.2l-2.8-1.4V8.6Z",
  first: "m12 3.5-4.5 4.5 4.5 4.5M4 3.5v9",
  help: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM6.3 6.3a1.8 1.8 0 1 1 2.4 1.7c-.5.2-.7.5-.7 1v.3M8 11.4v.1",
  last: "m4 3.5 4.5 4.5L4 12.5M12 3.5v9",
  list: "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.1M2.5 8h.1M2.5 12h.1",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z",
  offline: "M2 2l12 12M4 7.5a6 6 0 0 1 2-1.2M9.8 6.2A6 6 0 0 1 12 7.5M6.2 10a2.6 2.6 0 0 1 3 -.4M8 12.6v.1",
  overview: "M2.5 13.5h11M4 11V8M7 11V4M10 11V6.5M13 11V9",
  pending: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z",
  play: "M5 3.4v9.2L12.4 8Z",
  plus: "M8 3v10M3 8h10",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.2 3.2",
  signOut: "M6.5 3h-3.5v10h3.5M10 5l3 3-3 3M13 8H6.5",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  system: "M2.5 3h11v8h-11ZM5.5 13.5h5M8 11v2.5",
  trash: "M3 4.5h10M6.2 4.5v-2h3.6v2M4.2 4.5l.6 9h6.4l.6-9",
  user: "M8 2.5a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2ZM3 13.5c.4-2.6 2.4-3.8 5-3.8s4.6 1.2 5 3.8",
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
