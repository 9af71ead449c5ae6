import { useEffect, useRef, useState } from "preact/hooks";
import { Redirect, Route, Switch, useLocation } from "wouter-preact";
import { ApiError, forgetAnswers } from "./api/http.ts";
import { queryClient } from "./api/polled.ts";
import { readSession, type Session, type SessionProject, signOut, watchSession } from "./api/session.ts";
import { Dialog } from "./components/dialog.tsx";
import { FaultLine } from "./components/fault-line.tsx";
import { Blank, Failure, Loading } from "./components/notices.tsx";
import { ListPage } from "./pages/list/list-page.tsx";
import { OverviewPage } from "./pages/overview/overview-page.tsx";
import { SignInForm, SignInPage } from "./pages/sign-in.tsx";
import { TaskPage } from "./pages/task/task-page.tsx";
import { ReaderProvider } from "./session-context.tsx";
import { Shell } from "./shell.tsx";
import { keep, readKept } from "./theme.ts";
import { idIn, overviewPath } from "./view/links.ts";

/** Where the console stands with its reader. */
type Standing =
  | { readonly kind: "asking" }
  | { readonly kind: "unreached"; readonly error: Error }
  | { readonly kind: "nobody" }
  | { readonly kind: "leaving" }
  | { readonly kind: "known"; readonly session: Session; readonly isExpired: boolean };

/** How often the server is asked again for the session while it is away, in milliseconds. */
const askAgainMs = 3000;

export function App() {
  const [standing, setStanding] = useState<Standing>({ kind: "asking" });
  const latest = useRef(standing);
  latest.current = standing;
  const ask = () =>
    readSession().then(
      (session) =>
        setStanding(
          session === undefined ? { kind: "nobody" } : { kind: "known", session, isExpired: false },
        ),
      (error: Error) => setStanding({ kind: "unreached", error }),
    );

  useEffect(() => {
    if (standing.kind === "asking") void ask();
    if (standing.kind !== "unreached") return;
    const timer = setTimeout(ask, askAgainMs);
    return () => clearTimeout(timer);
  }, [standing]);

  useEffect(
    () =>
      queryClient.getQueryCache().subscribe((event) => {
        // Only an answer tells: what else happens to a question, as when it is forgotten, may be long after its answer.
        if (event.type !== "updated" || event.action.type !== "error") return;
        const { error } = event.action;
        if (!(error instanceof ApiError) || error.status !== 401) return;
        expire();
      }),
    [],
  );
  // In another tab somebody may have signed in, or out: this one is never of two people.
  useEffect(() => watchSession((session) => (session === undefined ? expire() : begin(session))), []);

  const expire = () =>
    setStanding((now) => (now.kind === "known" && !now.isExpired ? { ...now, isExpired: true } : now));
  const begin = (session: Session) => {
    // Whoever signs in anew goes on where they were; somebody else must see nothing of it.
    const before = latest.current;
    const isSame = before.kind === "known" && before.session.user.id === session.user.id;
    if (!isSame) {
      forgetAnswers();
      queryClient.clear();
    }
    setStanding({ kind: "known", session, isExpired: false });
    if (isSame && before.isExpired) void askAnew();
  };
  const end = async () => {
    // Nothing asks any more: what comes after the end of the session would be refused, and taken for its expiry.
    setStanding({ kind: "leaving" });
    await queryClient.cancelQueries();
    await signOut().catch(() => {});
    forgetAnswers();
    queryClient.clear();
    // Only the server knows whether the session is over: nobody is to walk away from one that is not.
    setStanding({ kind: "asking" });
  };

  switch (standing.kind) {
    case "asking":
    case "leaving":
      return <Loading what="the console" />;
    case "unreached":
      return <Failure error={standing.error} onRetry={ask} isPage />;
    case "nobody":
      return <SignInPage onSignedIn={begin} />;
    case "known":
      return (
        <>
          {/* Nothing that one person has opened, chosen or begun is there for another one. */}
          <Pages key={standing.session.user.id} session={standing.session} onSignOut={end} />
          {standing.isExpired && (
            <Dialog title="Your session has ended">
              <p class="dialog-text">Sign in again, and go on where you were.</p>
              <SignInForm user={standing.session.user.name} onSignedIn={begin} />
            </Dialog>
          )}
        </>
      );
  }
}

/**
 * Asks again what the session before was refused. What was still being asked with it is given up first: its refusal says
 * nothing of the new one.
 */
async function askAnew(): Promise<void> {
  await queryClient.cancelQueries();
  await queryClient.resetQueries({
    predicate: ({ state }) => state.error !== null || state.data === undefined,
  });
}

const lastProjectKey = "taskcenter.project";

function Pages(props: { readonly session: Session; readonly onSignOut: () => void }) {
  const { session, onSignOut } = props;
  const [location] = useLocation();
  const wantedId = idIn(location.split("/")[1] ?? "");
  const { projects } = session;
  const project = projects.find(({ id }) => id === wantedId);
  const kept = readKept(lastProjectKey);
  const first = projects.find(({ id }) => id === kept) ?? projects[0];
  useEffect(() => {
    if (project !== undefined) keep(lastProjectKey, project.id);
  }, [project]);

  if (wantedId === "" && first !== undefined) return <Redirect to={overviewPath(first.id)} replace />;
  return (
    <Shell session={session} project={project} onSignOut={onSignOut}>
      <FaultLine place={location}>
        {project === undefined ? (
          <NoProject wantedId={wantedId} />
        ) : (
          <ReaderProvider value={{ session, project }}>
            <ProjectPages key={project.id} project={project} />
          </ReaderProvider>
        )}
      </FaultLine>
    </Shell>
  );
}

function ProjectPages({ project }: { readonly project: SessionProject }) {
  if (!project.permissions.includes("read")) {
    return (
      <Blank icon="ban" title="You may not look at this project" isPage>
        <p>
          Your roles in {project.name} ({project.roles.join(", ")}) do not let you read its tasks. Whoever
          administers the domain can grant you the role reader.
        </p>
      </Blank>
    );
  }
  return (
    <Switch>
      <Route path="/:project/tasks/:id">{({ id }) => <TaskPage key={id} id={idIn(id)} />}</Route>
      <Route path="/:project/tasks" component={ListPage} />
      <Route path="/:project" component={OverviewPage} />
      <Route>
        <Blank icon="search" title="There is nothing at this address" isPage>
          <p>The link may have been cut short.</p>
        </Blank>
      </Route>
    </Switch>
  );
}

/** What a stranger to a project sees is the same whether or not it exists. */
function NoProject({ wantedId }: { readonly wantedId: string }) {
  if (wantedId === "") {
    return (
      <Blank icon="database" title="You have no project yet" isPage>
        <p>Whoever administers the domain can grant you a role in one.</p>
      </Blank>
    );
  }
  return (
    <Blank icon="ban" title="You have no access to this project" isPage>
      <p>
        You have no role in a project <code>{wantedId}</code>, or there is none. Choose another one above, or
        ask whoever administers the domain for a role in it.
      </p>
    </Blank>
  );
}
