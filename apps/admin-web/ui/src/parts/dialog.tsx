import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { FormError } from '../form-error.ts';
import { t } from '../texts/texts.ts';
import { Notice } from './basics.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** Over the page, until it is closed; Escape closes it, and the focus goes back to where it was. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const cancel = (event: Event) => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={cancel}>
      <div class="stack">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface WorkFormProps {
  readonly submit: string;
  readonly onSubmit: () => Promise<void>;
  readonly onCancel?: () => void;
  readonly kind?: 'primary' | 'bad primary';
  /** What the other button says, if not that it cancels. */
  readonly keep?: string;
  readonly children?: ComponentChildren;
}

/** A form that says while it works, and what went wrong. */
export function WorkForm({
  submit,
  onSubmit,
  onCancel,
  kind = 'primary',
  keep = t.parts.cancel,
  children,
}: WorkFormProps) {
  const { isBusy, error, work } = useWork();
  const send = (event: Event) => {
    event.preventDefault();
    void work(onSubmit);
  };
  return (
    <form class="stack" onSubmit={send}>
      {children}
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <div class="actions">
        <button type="submit" class={kind} disabled={isBusy}>
          {isBusy ? <span class="spinner" aria-hidden="true" /> : null}
          {submit}
        </button>
        {onCancel === undefined ? null : (
          <button type="button" onClick={onCancel} disabled={isBusy}>
            {keep}
          </button>
        )}
      </div>
    </form>
  );
}

/** One piece of work at a time, and what became of the last. */
export function useWork() {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const work = async (task: () => Promise<void>) => {
    if (isBusy) return;
    setBusy(true);
    setError(null);
    try {
      await task();
    } catch (failure) {
      setError(wordsOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, error, work };
}

/** What a person can do something about says so itself; all else is somebody's mistake, or the browser's. */
function wordsOf(failure: unknown): string {
  if (failure instanceof ApiError || failure instanceof FormError) return failure.message;
  return failure instanceof Error ? t.parts.failedWith(failure.message) : t.parts.failed;
}

interface ConfirmProps {
  readonly title: string;
  readonly submit: string;
  readonly keep?: string;
  /** `primary`: nothing goes. */
  readonly kind?: 'primary' | 'bad primary';
  readonly onClose: () => void;
  readonly onAgree: () => Promise<void>;
  readonly children: ComponentChildren;
}

/** Asks before something is done that touches others, or does not come back. */
export function Confirm({
  title,
  submit,
  keep = t.parts.cancel,
  kind = 'bad primary',
  onClose,
  onAgree,
  children,
}: ConfirmProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="stack">{children}</div>
      <WorkForm submit={submit} keep={keep} kind={kind} onCancel={onClose} onSubmit={onAgree} />
    </Dialog>
  );
}
