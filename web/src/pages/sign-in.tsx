import { useRef, useState } from "preact/hooks";
import { ApiError } from "../api/http.ts";
import { type Session, signIn } from "../api/session.ts";
import { Banner } from "../components/notices.tsx";
import { useTitle } from "../components/title.ts";

/** The domain of users who do not say otherwise: the one that the first start makes. */
const usualDomain = "Default";

/** For whoever is not signed in. */
export function SignInPage(props: { readonly onSignedIn: (session: Session) => void }) {
  useTitle("Sign in");
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <h1 class="brand-large">Task Center</h1>
        <p class="muted">The record of every long-running operation on your databases.</p>
        <SignInForm onSignedIn={props.onSignedIn} />
      </div>
    </main>
  );
}

/** Name and password, in exchange for a session. */
export function SignInForm(props: {
  readonly user?: string;
  readonly onSignedIn: (session: Session) => void;
}) {
  const [user, setUser] = useState(props.user ?? "");
  const [password, setPassword] = useState("");
  const [domain, setDomain] = useState(usualDomain);
  const [refusal, setRefusal] = useState("");
  const [isBusy, setBusy] = useState(false);
  const passwordField = useRef<HTMLInputElement>(null);

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setRefusal("");
    try {
      props.onSignedIn(await signIn({ user, password, domain }));
    } catch (error) {
      setRefusal(refusalText(error));
      // The button could not be pressed meanwhile, and has lost the keyboard.
      passwordField.current?.focus();
      passwordField.current?.select();
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="form" onSubmit={submit}>
      {refusal !== "" && <Banner tone="error">{refusal}</Banner>}
      <label class="field">
        <span>User name</span>
        <input
          class="input"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus={props.user === undefined}
          value={user}
          onInput={(event) => setUser(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          class="input"
          name="password"
          ref={passwordField}
          type="password"
          autocomplete="current-password"
          required
          autofocus={props.user !== undefined}
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <details class="field-more">
        <summary>Another domain</summary>
        <label class="field">
          <span>Domain</span>
          <input
            class="input"
            name="domain"
            required
            value={domain}
            onInput={(event) => setDomain(event.currentTarget.value)}
          />
        </label>
      </details>
      <button type="submit" class="button button-main" disabled={isBusy}>
        {isBusy ? "Signing in …" : "Sign in"}
      </button>
      {props.user === undefined && (
        <p class="muted form-note">
          The first start wrote the password of user <code>admin</code> into <code>clouds.yaml</code>, in the
          server’s data folder.
        </p>
      )}
    </form>
  );
}

function refusalText(error: unknown): string {
  if (!(error instanceof ApiError)) return "The server is not reached. Try again in a moment.";
  if (error.status === 401) return "Wrong user name or password.";
  if (error.status === 429) return "Too many people are signing in at once. Try again in a moment.";
  return error.message;
}
