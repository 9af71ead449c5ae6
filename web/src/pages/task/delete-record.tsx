import { useState } from "preact/hooks";
import { useLocation } from "wouter-preact";
import type { TaskDocument } from "../../../../src/client/types.ts";
import { ApiError, sendDocument } from "../../api/http.ts";
import { taskApi } from "../../api/paths.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import { Banner } from "../../components/notices.tsx";
import { useReader } from "../../session-context.tsx";
import { listPath } from "../../view/links.ts";

/** Deletes the record of a task, once somebody has read what that does and does not do. */
export function DeleteRecord({ task }: { readonly task: TaskDocument }) {
  const { project } = useReader();
  const [, navigate] = useLocation();
  // As it stood when the question was put: what a poll brings meanwhile nobody has read.
  const [seen, setSeen] = useState<TaskDocument>();
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState("");

  const ask = (about: TaskDocument | undefined) => {
    setSeen(about);
    setRefusal("");
  };
  const remove = async ({ id, revision }: TaskDocument) => {
    setBusy(true);
    setRefusal("");
    try {
      // Only as it was seen: whoever reports meanwhile has something to say.
      await sendDocument("DELETE", taskApi(project.id, id), { ifMatch: `"${revision}"` });
      navigate(listPath(project.id), { replace: true });
    } catch (error) {
      setRefusal(refusalText(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class="button delete-record" onClick={() => ask(task)}>
        <Icon name="trash" /> <span>Delete record</span>
      </button>
      {seen !== undefined && (
        <Dialog title="Delete this record?" onClose={() => ask(undefined)}>
          <p class="dialog-text">
            The record of{" "}
            <b>
              <bdi>{seen.name}</bdi>
            </b>{" "}
            and its whole history are deleted, for everybody and for good.
            {seen.ended_at === null && " The task has not ended: deleting its record stops nothing."}
          </p>
          {refusal !== "" && <Banner tone="error">{refusal}</Banner>}
          <div class="dialog-actions">
            <button type="button" class="button" onClick={() => ask(undefined)}>
              Keep it
            </button>
            <button type="button" class="button button-danger" disabled={isBusy} onClick={() => remove(seen)}>
              {isBusy ? "Deleting …" : "Delete the record"}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function refusalText(error: unknown): string {
  if (!(error instanceof ApiError)) return "The server is not reached. Nothing was deleted.";
  if (error.status === 412) return "The task has just changed. Look at it again, and delete it then.";
  if (error.status === 404) return "The record is gone already.";
  return error.message;
}
