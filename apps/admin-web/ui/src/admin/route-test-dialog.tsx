import { useState } from 'preact/hooks';
import type { TestedRoute } from '../../../src/schemas/routes.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { Choice, Field, Notice } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { safeText } from '../safe-text.ts';

/** Tries a route, and shows what was found, step by step. */
export function RouteTestDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const [to, setTo] = useState('');
  const [sends, setSends] = useState(false);
  const [tested, setTested] = useState<TestedRoute | null>(null);
  const address = to.trim();
  const test = async () => {
    setTested(null);
    if (sends && address === '') throw new FormError('Say to whom the message is to be sent.');
    const body = address === '' ? {} : { to: address, send: sends };
    setTested((await call<TestedRoute>('POST', `/admin/routes/${encodeURIComponent(name)}/test`, { body })).data);
  };
  return (
    <Dialog title={`Test ${name}`} onClose={onClose}>
      <p>It is connected to, under its TLS, and logged in to. Nothing is sent unless you say so.</p>
      <WorkForm submit={tested === null ? 'Test it' : 'Test it again'} onSubmit={test} onCancel={onClose} keep="Close">
        <Field
          label="Would it take mail for"
          hint="An address; empty: that is not asked."
          value={to}
          onValue={setTo}
          placeholder="bob@example.org"
        />
        <Choice label="Send a short message there" isOn={sends} onChange={setSends} />
      </WorkForm>
      {tested === null ? null : (
        <>
          <Notice kind={tested.works ? 'good' : 'bad'}>{tested.works ? 'It works.' : 'It does not work.'}</Notice>
          <ol class="way">
            {tested.steps.map(({ text, isFailure }, no) => (
              <li key={`${no} ${text}`} class={isFailure ? 'bad' : ''}>
                <bdi>{safeText(text.trim())}</bdi>
              </li>
            ))}
          </ol>
        </>
      )}
    </Dialog>
  );
}
