/**
 * The most bytes of an answer that is read whole, and characters of a line of one that is read line by line. Of what a
 * server answers a part of a history is the largest: 500 changes, each with all details, labels and the fail reason as
 * they were and as they are, come to 150 MiB. A text cannot have more than twice this limit.
 */
export const maxAnswerLength = 256 * 1024 * 1024;

/** The bytes of an answer as they come. What is left when its reader has enough is not waited for. */
export async function* chunksOf(
  { body }: Response,
  inTime: <T>(step: () => Promise<T>) => Promise<T> = (step) => step(),
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body?.getReader();
  try {
    for (;;) {
      const read = await inTime(async () => reader?.read());
      if (read?.value === undefined) return;
      yield read.value;
    }
  } finally {
    reader?.cancel().catch(() => {});
  }
}

/** The text of an answer; undefined, as soon as that is certain, where it is longer than an answer may be. */
export async function textOf(
  response: Response,
  { maxBytes = maxAnswerLength }: { readonly maxBytes?: number } = {},
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = Number(response.headers.get("content-length")) > maxBytes ? maxBytes : 0;
  for await (const chunk of chunksOf(response)) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
