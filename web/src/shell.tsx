import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Link, useLocation } from "wouter-preact";
import type { Session, SessionProject } from "./api/session.ts";
import { Icon, type IconName } from "./components/icon.tsx";
import { Popover } from "./components/popover.tsx";
import { timeText } from "./format/time.ts";
import { KeysDialog, useKeys } from "./keys.tsx";
import { rootPath } from "./root.ts";
import { chooseTheme, readTheme, type Theme, themes } from "./theme.ts";
import { listPath, overviewPath } from "./view/links.ts";
import { readPlace } from "./view/place.ts";

/** What is around every page: where one is, where else one can go, and who one is. */
export function Shell(props: {
  readonly session: Session;
  readonly project: SessionProject | undefined;
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}) {
  const { session, project, onSignOut, children } = props;
  const [location, navigate] = useLocation();
  const [showsKeys, setShowsKeys] = useState(false);
  const main = useRef<HTMLElement>(null);
  useKeys({
    "?": () => setShowsKeys(true),
    ...(project === undefined
      ? {}
      : {
          "g o": () => navigate(overviewPath(project.id)),
          "g t": () => navigate(listPath(project.id)),
          "g r": () => navigate(listPath(project.id, { state: ["running"] })),
          "g f": () => navigate(listPath(project.id, { state: ["failed"] })),
        }),
  });

  // Another page is a new place: whoever reads by ear, or goes by keyboard, begins at its top.
  const page = location.split("?")[0] ?? "";
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    // Whoever comes back comes to where they were, which the page itself finds.
    if (readPlace(history.state) !== undefined) return;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [page]);

  return (
    <div class="shell">
      {/* No link: the page's base would make an address of the console's root of it. */}
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <Link href="/" className="brand" aria-label="Task Center">
          <img src={new URL("./icon.svg", import.meta.url).href} alt="" width="22" height="22" />
          <span class="brand-name">Task Center</span>
        </Link>
        {project !== undefined && (
          <nav class="top-nav" aria-label="Pages">
            <Tab href={overviewPath(project.id)} icon="overview" isHere={page === overviewPath(project.id)}>
              Overview
            </Tab>
            <Tab href={listPath(project.id)} icon="list" isHere={page.startsWith(listPath(project.id))}>
              Tasks
            </Tab>
          </nav>
        )}
        <div class="top-end">
          <ProjectMenu session={session} project={project} />
          <ThemeMenu />
          <button
            type="button"
            class="button button-quiet button-icon keys-button"
            aria-label="Keyboard shortcuts"
            title="Keyboard shortcuts (?)"
            onClick={() => setShowsKeys(true)}
          >
            <Icon name="help" />
          </button>
          <UserMenu session={session} project={project} onSignOut={onSignOut} />
        </div>
      </header>
      <main id="main" class="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      {showsKeys && <KeysDialog onClose={() => setShowsKeys(false)} />}
    </div>
  );
}

function Tab(props: {
  readonly href: string;
  readonly icon: IconName;
  readonly isHere: boolean;
  readonly children: ComponentChildren;
}) {
  return (
    <Link href={props.href} className="tab" {...(props.isHere ? { "aria-current": "page" } : {})}>
      <Icon name={props.icon} />
      <span>{props.children}</span>
    </Link>
  );
}

function ProjectMenu(props: { readonly session: Session; readonly project: SessionProject | undefined }) {
  const { session, project } = props;
  const [wanted, setWanted] = useState("");
  const shown = session.projects.filter(({ name, id }) =>
    `${name} ${id}`.toLowerCase().includes(wanted.toLowerCase()),
  );
  return (
    <Popover
      name="Project"
      icon="database"
      className="button button-quiet project-button"
      label={
        <>
          <span class="cut">{project?.name ?? "No project"}</span>
          <Icon name="chevronDown" size={12} />
        </>
      }
    >
      {(close) => (
        <div class="menu">
          {session.projects.length > 8 && (
            <input
              class="input"
              type="search"
              placeholder="Find a project"
              aria-label="Find a project"
              value={wanted}
              onInput={(event) => setWanted(event.currentTarget.value)}
            />
          )}
          <ul class="menu-list">
            {shown.map(({ id, name, description }) => (
              <li key={id}>
                <Link
                  href={overviewPath(id)}
                  className="menu-item"
                  onClick={close}
                  {...(id === project?.id ? { "aria-current": "true" } : {})}
                >
                  <span>{name}</span>
                  <span class="muted cut">{description === "" ? id : description}</span>
                </Link>
              </li>
            ))}
          </ul>
          {shown.length === 0 && <p class="menu-note muted">No project of that name.</p>}
        </div>
      )}
    </Popover>
  );
}

const themeMarks = {
  auto: { icon: "system", label: "As the system" },
  light: { icon: "sun", label: "Light" },
  dark: { icon: "moon", label: "Dark" },
} as const satisfies Record<Theme, { readonly icon: IconName; readonly label: string }>;

function ThemeMenu() {
  const [theme, setTheme] = useState(readTheme);
  return (
    <Popover
      name="Theme"
      showsName={false}
      icon={themeMarks[theme].icon}
      className="button button-quiet button-icon"
      label=""
    >
      {(close) => (
        <ul class="menu menu-list">
          {themes.map((one) => (
            <li key={one}>
              <button
                type="button"
                class="menu-item"
                aria-pressed={one === theme}
                onClick={() => {
                  chooseTheme(one);
                  setTheme(one);
                  close();
                }}
              >
                <Icon name={themeMarks[one].icon} />
                {themeMarks[one].label}
              </button>
            </li>
          ))}
        </ul>
      )}
    </Popover>
  );
}

function UserMenu(props: {
  readonly session: Session;
  readonly project: SessionProject | undefined;
  readonly onSignOut: () => void;
}) {
  const { session, project, onSignOut } = props;
  return (
    <Popover
      name={`Signed in as ${session.user.name}`}
      showsName={false}
      icon="user"
      className="button button-quiet button-icon"
      label=""
    >
      {() => (
        <div class="menu">
          <dl class="menu-facts">
            <dt>User</dt>
            <dd>
              {session.user.name} <span class="muted">({session.user.domain.name})</span>
            </dd>
            {project !== undefined && (
              <>
                <dt>Roles here</dt>
                <dd>{project.roles.join(", ")}</dd>
              </>
            )}
            <dt>Signed in until</dt>
            <dd>{timeText(Date.parse(session.expires_at))}</dd>
            <dt>Server</dt>
            <dd>
              {session.server.version}, region {session.server.region}
            </dd>
          </dl>
          <ul class="menu-list">
            <li>
              <a class="menu-item" href={`${rootPath}/../docs/`}>
                <Icon name="help" /> Documentation
              </a>
            </li>
            <li>
              <button type="button" class="menu-item" onClick={onSignOut}>
                <Icon name="signOut" /> Sign out
              </button>
            </li>
          </ul>
        </div>
      )}
    </Popover>
  );
}
