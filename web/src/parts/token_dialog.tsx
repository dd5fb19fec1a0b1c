// Asks for the admin token, once a tab.
import { useRef } from "preact/hooks";
import { tokenRequest } from "../commands";
import { Dialog } from "./dialog";

export function TokenDialog() {
  const request = tokenRequest.value;
  const field = useRef<HTMLInputElement>(null);
  if (!request) return null;
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? "";
    if (token) request.answer(token);
  };
  return (
    <Dialog key={String(request.refused)} title="Admin token" onCancel={() => request.answer(null)}>
      <form onSubmit={submit}>
        <p>
          {request.refused
            ? "That token was not accepted. The right one is kept in this tab until you close it."
            : "Changing something needs the admin token. It is kept in this tab until you close it."}
        </p>
        <label>
          Token
          <input ref={field} type="password" autocomplete="off" spellcheck={false} required data-first />
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
    </Dialog>
  );
}
