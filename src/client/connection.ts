import { ApiError } from "./errors.ts";
import { exchange, type HttpAnswer, type HttpRequest } from "./http.ts";
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

  /** The same caller at another address. */
  async at(address: string): Promise<Connection> {
    return new Connection({ address, proof: await this.#proof, timeoutMs: this.#timeoutMs });
  }

  /**
   * Makes a call. One whose proof was refused was refused whole, so that any call can be made again.
   *
   * @throws ApiError, ConnectionError, or the signal's reason.
   */
  async call(call: Call): Promise<HttpAnswer> {
    const current = this.#proof;
    const proof = await unlessAborted(current, call.signal);
    try {
      return await this.#send(call, proof);
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
      return this.#send(call, await unlessAborted(this.#proof, call.signal));
    }
  }

  /** Makes a call whose 401 is about what it says, and not about who says it. @throws as `call` does. */
  async callOnce(call: Call): Promise<HttpAnswer> {
    return this.#send(call, await unlessAborted(this.#proof, call.signal));
  }

  /** Asks for what is at a path. */
  read(path: string, options: CallOptions & Pick<Call, "headers">): Promise<HttpAnswer> {
    return this.call({ signal: undefined, ...options, method: "GET", path, repeatable: true });
  }

  #send({ path, ...call }: Call, proof: Proof): Promise<HttpAnswer> {
    return exchange({ ...call, url: `${this.#address}${path}`, proof, timeoutMs: this.#timeoutMs });
  }
}
