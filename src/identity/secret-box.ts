import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";
import QuickLru from "quick-lru";

/**
 * Seals secret keys so that whoever reads the store cannot use them: AES-256-GCM under a key that lies elsewhere. A
 * signature is checked with the secret itself, so a hash as of passwords would not do.
 */
export interface SecretBox {
  /** How everything begins that this box has sealed: it names the key without giving it away. */
  readonly prefix: string;
  /** Seals a secret for one owner: put beside another's name it does not open. */
  seal(secret: string, owner: string): string;
  /** Opens what was sealed; undefined where it was sealed under another key or for another owner, or is damaged. */
  open(sealed: string, owner: string): string | undefined;
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Makes a box of a key of 32 bytes. */
export function secretBox(key: Buffer): SecretBox {
  // Eight digits tell keys apart, and are useless for finding one.
  const prefix = `${hash("sha256", key).slice(0, 8)}.`;
  // Those that sign again and again are not opened each time.
  const opened = new QuickLru<string, string>({ maxSize: 1000 });

  function decipher(sealed: string, owner: string): string | undefined {
    if (!sealed.startsWith(prefix)) return undefined;
    const bytes = Buffer.from(sealed.slice(prefix.length), "base64url");
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    const cipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    cipher.setAAD(Buffer.from(owner));
    cipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      return cipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + cipher.final("utf8");
    } catch {
      return undefined;
    }
  }

  return {
    prefix,

    seal(secret, owner) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
      cipher.setAAD(Buffer.from(owner));
      const parts = [nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()];
      return prefix + Buffer.concat(parts).toString("base64url");
    },

    open(sealed, owner) {
      const place = `${owner} ${sealed}`;
      const known = opened.get(place);
      if (known !== undefined) return known;
      const secret = decipher(sealed, owner);
      if (secret === undefined) return undefined;
      opened.set(place, secret);
      return secret;
    },
  };
}
