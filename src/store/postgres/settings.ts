import type { SharedStore } from "../store.ts";
import { storeUnavailable } from "./error.ts";
import { type Session, statement } from "./session.ts";

/** The setting that says which store is being moved into this one, as long as it is. */
export const moveSetting = "move";

/** Records a setting, unless there is one. */
export const proposeSetting = statement(
  "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
);
export const readSetting = statement<[value: string]>("SELECT value FROM setting WHERE name = $1");

/** Makes the store's `agree`. */
export function createAgreement(session: Session): SharedStore["agree"] {
  return async (name, value) => {
    await session.query(proposeSetting, [name, value]);
    const [[standing] = [value]] = await session.query(readSetting, [name]);
    return standing;
  };
}

/** @throws TaskCenterError `store-unavailable` while only a part of what moves here is here. */
export async function refuseHalfMoved(session: Session): Promise<void> {
  const moving = await session.query(readSetting, [moveSetting]);
  if (moving.length > 0) {
    throw storeUnavailable(
      "a store was moved into its database only in part; run taskcenter store move again",
    );
  }
}
