// A modal dialog: the browser keeps the focus inside, closes it with Escape, and gives the focus back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog(props: { title: ComponentChildren; onCancel: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const cancel = (event: Event) => {
    event.preventDefault();
    props.onCancel();
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onCancel={cancel}>
      <h2 id={title}>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
