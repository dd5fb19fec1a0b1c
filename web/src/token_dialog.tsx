// Asks for the admin token, once a session.
import { useEffect, useRef } from "preact/hooks";
import { tokenRequest } from "./commands";

export function TokenDialog() {
  const request = tokenRequest.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!request) return;
    dialog.current?.showModal();
    return () => dialog.current?.close();
  }, [request]);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token) request?.answer(token);
  };
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => { event.preventDefault(); request?.answer(null); }}>
      {request && (
        <form onSubmit={submit}>
          <h2 id="token-title">Admin token</h2>
          <p>
            {request.refused ? "That token was not accepted. " : "Changing a circuit breaker needs the admin token. "}
            It is kept in this tab until you close it.
          </p>
          <label>
            Token
            <input ref={field} type="password" autocomplete="off" spellcheck={false} required autofocus />
          </label>
          <div class="actions">
            <button type="button" onClick={() => request.answer(null)}>
              Cancel
            </button>
            <button type="submit" class="primary">
              Go on
            </button>
          </div>
        </form>
      )}
    </dialog>
  );
}
