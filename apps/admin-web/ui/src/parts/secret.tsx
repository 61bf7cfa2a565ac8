import { t } from '../texts/texts.ts';
import { Notice } from './basics.tsx';
import { CopyButton } from './copy-button.tsx';
import { Dialog } from './dialog.tsx';

/** A text to be taken along: a click selects all of it. */
export function Secret({ text, what, shown = text }: { text: string; what: string; shown?: string }) {
  return (
    <div class="secret">
      <span class="code all">{shown}</span>
      <CopyButton text={text} what={what} />
    </div>
  );
}

interface ShownOnceProps {
  readonly title: string;
  readonly notice: string;
  readonly secret: string;
  readonly what: string;
  readonly onClose: () => void;
}

/** Something that nobody can look up later. */
export function ShownOnce({ title, notice, secret, what, onClose }: ShownOnceProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <Notice>{notice}</Notice>
      <Secret text={secret} what={what} />
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          {t.parts.done}
        </button>
      </div>
    </Dialog>
  );
}
