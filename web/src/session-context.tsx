import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Permission, Session, SessionProject } from "./api/session.ts";

/** Whose console it is, and which project is looked at. */
export interface Reader {
  readonly session: Session;
  readonly project: SessionProject;
}

const ReaderContext = createContext<Reader | undefined>(undefined);
export const ReaderProvider = ReaderContext.Provider;

/** For the pages of a project, which are shown only within one. */
export function useReader(): Reader {
  const reader = useContext(ReaderContext);
  if (reader === undefined) throw new Error("A page of a project is shown outside of it.");
  return reader;
}

export function mayDo(project: SessionProject, permission: Permission): boolean {
  return project.permissions.includes(permission);
}
