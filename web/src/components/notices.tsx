import type { ComponentChildren } from "preact";
import { ApiError, UnreachableError } from "../api/http.ts";
import { isAway } from "../api/polled.ts";
import { timeText } from "../format/time.ts";
import { Icon, type IconName } from "./icon.tsx";
import { useTitle } from "./title.ts";

/** A line above something that needs to be known of it. */
export function Banner(props: {
  readonly tone: "info" | "warning" | "error";
  readonly children: ComponentChildren;
}) {
  const icons = { info: "help", warning: "alert", error: "fail" } as const;
  return (
    <div class={`banner banner-${props.tone}`} role={props.tone === "error" ? "alert" : "status"}>
      <Icon name={icons[props.tone]} />
      <div>{props.children}</div>
    </div>
  );
}

/** What stands where there is nothing to show: what is so, why, and what to do. */
export function Blank(props: {
  readonly icon: IconName;
  readonly title: string;
  /** Whether it is all that there is on its page. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
}) {
  const { title, isPage = false } = props;
  useTitle(isPage ? title : undefined);
  const Heading = isPage ? "h1" : "h2";
  return (
    <div class="blank">
      <Icon name={props.icon} size={28} />
      <Heading>{title}</Heading>
      <div class="blank-text">{props.children}</div>
    </div>
  );
}

/**
 * Where the server is away and something was seen before: how old that is. It lies over the page, so that it is seen
 * wherever one reads, and moves nothing.
 */
export function AwayBanner(props: { readonly error: Error | null; readonly seenAtMs: number }) {
  if (!isAway(props.error) || props.seenAtMs === 0) return null;
  return (
    <div class="away">
      <Banner tone="warning">
        {props.error instanceof UnreachableError
          ? "The server is not reached."
          : "The server cannot answer at the moment."}{" "}
        What you see is from {timeText(props.seenAtMs)}. Trying again …
      </Banner>
    </div>
  );
}

/** In place of what could not be read: why, in words for whoever looks at it, and what can be done. */
export function Failure(props: {
  readonly error: Error;
  readonly onRetry: () => void;
  /** Whether it is all that there is on its page. */
  readonly isPage?: boolean;
}) {
  const { error, onRetry, isPage = false } = props;
  const { icon, title, advice } = explain(error);
  return (
    <div role="alert">
      <Blank icon={icon} title={title} isPage={isPage}>
        <p>{advice}</p>
        <p>
          <button type="button" class="button" onClick={onRetry}>
            <Icon name="refresh" /> Try again
          </button>
        </p>
        {error instanceof ApiError && error.requestId !== undefined && (
          <p class="muted">
            Request <code>{error.requestId}</code>: the server’s log says more under this id.
          </p>
        )}
      </Blank>
    </div>
  );
}

interface Explanation {
  readonly icon: IconName;
  readonly title: string;
  readonly advice: string;
}

function explain(error: Error): Explanation {
  if (error instanceof UnreachableError) {
    return {
      icon: "offline",
      title: "The server is not reached",
      advice: "The network, the server, or a proxy between. It is tried again by itself.",
    };
  }
  if (!(error instanceof ApiError)) {
    return { icon: "alert", title: "Something went wrong here", advice: error.message };
  }
  if (error.status === 403) {
    return {
      icon: "ban",
      title: "You may not look at this",
      advice:
        "Your roles in this project do not allow it. Whoever administers the domain can grant you the role reader.",
    };
  }
  if (error.code === "query-too-broad") {
    return {
      icon: "filter",
      title: "This asks for too much at once",
      advice:
        "Too many tasks would have to be looked at one by one. A shorter time range, a service or a state makes it quick.",
    };
  }
  if (error.status === 429) {
    return {
      icon: "clock",
      title: "Too many questions at once",
      advice: "The server answers others first. It is tried again by itself.",
    };
  }
  if (error.status >= 500) {
    return {
      icon: "alert",
      title: "The server cannot answer at the moment",
      advice: error.message,
    };
  }
  return { icon: "alert", title: "The server refuses this question", advice: error.message };
}

/** In place of what is on its way: the shape of it, and words for those who cannot see that. */
export function Loading(props: { readonly what: string; readonly lines?: number }) {
  const { what, lines = 8 } = props;
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading {what} …</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" />
      ))}
    </div>
  );
}
