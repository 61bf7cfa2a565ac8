import { useRef, useState } from 'preact/hooks';
import { t } from '../texts/texts.ts';

const SHOWN_MS = 2_000;
type State = 'still' | 'copied' | 'refused';

/** Puts a text where it can be pasted from. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const button = useRef<HTMLButtonElement>(null);
  const [state, setState] = useState<State>('still');
  const copy = async () => {
    setState((await putOnClipboard(text, button.current)) ? 'copied' : 'refused');
    setTimeout(() => setState('still'), SHOWN_MS);
  };
  return (
    <button ref={button} type="button" onClick={copy} aria-label={t.parts.copyWhat(what)}>
      {state === 'still' ? t.parts.copy : state === 'copied' ? t.parts.copied : t.parts.copyByHand}
      <span class="only-read" role="status">
        {state === 'still' ? '' : state === 'copied' ? t.parts.copiedWhat(what) : t.parts.copyByHand}
      </span>
    </button>
  );
}

/** Without TLS, on another host than localhost, pages have no clipboard of their own: there the browser copies what is selected. */
async function putOnClipboard(text: string, beside: HTMLElement | null): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false; // the person, or a policy, does not want it
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'only-read';
  field.setAttribute('aria-hidden', 'true');
  beside?.parentElement?.append(field); // outside of an open dialog nothing can be selected
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  beside?.focus();
  return isCopied;
}
