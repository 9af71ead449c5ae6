import { ApiError } from "./errors.ts";
import { exchange, exchangeLines, type HttpAnswer, type HttpRequest } from "./http.ts";
import type { Proof } from "./proof.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** What a connection takes beside somebody's credentials. */
export interface ConnectLimits {
  /** How long one request may take, its answer's body included; 30 seconds unless given. */
  readonly timeoutMs?: number;
  /** Ends the login, not the client. */
  readonly signal?: AbortSignal;
}

export const defaultTimeoutMs = 30_000;

/** What every call of a client takes. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One call at a connection's address. */
export type Call = Omit<HttpRequest, "url" | "timeoutMs" | "proof"> & {
  /** Begins with a slash. */
  readonly path: string;
};

/**
 * An API at one address, and somebody who asks it: every call carries their proof. When that is refused, it is renewed
 * once, if it can be, and the call goes on.
 */
export class Connection {
  readonly #address: string;
  readonly #timeoutMs: number;
  #proof: Promise<Proof>;

  constructor(options: { readonly address: string; readonly proof: Proof; readonly timeoutMs: number }) {
    this.#address = options.address;
    this.#proof = Promise.resolve(options.proof);
    this.#timeoutMs = options.timeoutMs;
  }

  /** The server's address without its path, for messages. */
  get origin(): string {
    return new URL(this.#address).origin;
  }

  /** The same caller at another address. */
  async at(address: string): Promise<Connection> {
    return new Connection({ address, proof: await this.#proof, timeoutMs: this.#timeoutMs });
  }

  /**
   * Makes a call. One whose proof was refused was refused whole, so that any call can be made again.
   *
   * @throws ApiError, ConnectionError, or the signal's reason.
   */
  call(call: Call): Promise<HttpAnswer> {
    return this.#withProof(call.signal, (proof) => exchange(this.#request(call, proof)));
  }

  /**
   * Makes a call whose answer is lines of JSON, and answers their values as they come.
   *
   * @throws as `call` does; so does the iteration, where the answer breaks off.
   */
  lines(call: Call): Promise<AsyncIterable<unknown>> {
    return this.#withProof(call.signal, (proof) => exchangeLines(this.#request(call, proof)));
  }

  async #withProof<T>(signal: AbortSignal | undefined, ask: (proof: Proof) => Promise<T>): Promise<T> {
    const current = this.#proof;
    const proof = await unlessAborted(current, signal);
    try {
      return await ask(proof);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      // Calls that were refused together share one renewal. Where it fails, the next call tries again.
      if (this.#proof === current) {
        const renewed = proof.renew(error);
        if (renewed === undefined) throw error;
        this.#proof = renewed.catch((failure: unknown) => {
          this.#proof = current;
          throw failure;
        });
      }
      // The renewal is everybody's: whoever has enough of it leaves the others waiting.
      return ask(await unlessAborted(this.#proof, signal));
    }
  }

  /** Makes a call whose 401 is about what it says, and not about who says it. @throws as `call` does. */
  async callOnce(call: Call): Promise<HttpAnswer> {
    return exchange(this.#request(call, await unlessAborted(this.#proof, call.signal)));
  }

  /** Asks for what is at a path. */
  read(path: string, options: CallOptions & Pick<Call, "headers">): Promise<HttpAnswer> {
    return this.call({ signal: undefined, ...options, method: "GET", path, repeatable: true });
  }

  #request({ path, ...call }: Call, proof: Proof): HttpRequest {
    return { ...call, url: `${this.#address}${path}`, proof, timeoutMs: this.#timeoutMs };
  }
}
