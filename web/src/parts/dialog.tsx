// A modal dialog: the focus begins at what is marked `data-first`, stays inside, and goes back to where it was; Escape cancels.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog(props: { title: ComponentChildren; onCancel: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const element = dialog.current!;
    const before = document.activeElement as HTMLElement | null;
    element.showModal();
    element.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      element.close();
      before?.focus();
    };
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
