import { useState } from 'preact/hooks';
import type { Webhook } from '../../../src/schemas/webhooks.ts';
import { call } from '../api.ts';
import { t } from '../texts/texts.ts';
import { Choice, Field } from './basics.tsx';
import { Dialog, WorkForm } from './dialog.tsx';
import { ShownOnce } from './secret.tsx';

type Event = Webhook['events'][number];
const EVENTS: readonly Event[] = ['delivered', 'delayed', 'failed'];

interface AddProps {
  /** Of the API. */
  readonly path: string;
  readonly isOfServer: boolean;
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

/** Adds a webhook, and shows its secret, which nobody is told again. */
export function AddWebhook({ path, isOfServer, onClose, onAdded }: AddProps) {
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState(EVENTS);
  const [account, setAccount] = useState('');
  const [allowsPrivate, setAllowsPrivate] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const add = async () => {
    const ofServer = { account: account.trim() === '' ? null : account.trim(), allowsPrivate };
    const body = { url: url.trim(), events, ...(isOfServer ? ofServer : {}) };
    setSecret((await call<{ secret: string }>('POST', path, { body })).data.secret);
    onAdded();
  };
  if (secret !== null) {
    return (
      <ShownOnce
        title={t.webhooks.itsSecret}
        notice={t.webhooks.secretShown}
        secret={secret}
        what={t.webhooks.theSecret}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={t.webhooks.add} onClose={onClose}>
      <WorkForm submit={t.webhooks.addIt} onSubmit={add} onCancel={onClose}>
        <Where url={url} onUrl={setUrl} isNew />
        {isOfServer ? (
          <Field label={t.webhooks.account} hint={t.webhooks.accountHint} value={account} onValue={setAccount} />
        ) : null}
        <Events chosen={events} onChosen={setEvents} />
        {isOfServer ? <Private isOn={allowsPrivate} onChange={setAllowsPrivate} /> : null}
      </WorkForm>
    </Dialog>
  );
}

interface ChangeProps {
  readonly webhook: Webhook;
  readonly path: string;
  readonly isOfServer: boolean;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

/** Changes what a webhook is told, and where; what is not touched stays as it is. */
export function ChangeWebhook({ webhook, path, isOfServer, onClose, onChanged }: ChangeProps) {
  const [url, setUrl] = useState(webhook.url);
  const [events, setEvents] = useState<readonly Event[]>(webhook.events);
  const [allowsPrivate, setAllowsPrivate] = useState(webhook.allowsPrivate);
  const [secret, setSecret] = useState('');
  const save = async () => {
    const body = {
      events,
      ...(url.trim() === webhook.url ? {} : { url: url.trim() }),
      ...(isOfServer && allowsPrivate !== webhook.allowsPrivate ? { allowsPrivate } : {}),
      ...(secret === '' ? {} : { secret }),
    };
    await call('PATCH', `${path}/${webhook.id}`, { body });
    onChanged();
    onClose();
  };
  return (
    <Dialog title={t.webhooks.change} onClose={onClose}>
      <WorkForm submit={t.parts.save} onSubmit={save} onCancel={onClose}>
        <Where url={url} onUrl={setUrl} isNew={false} />
        <Events chosen={events} onChosen={setEvents} />
        {isOfServer ? <Private isOn={allowsPrivate} onChange={setAllowsPrivate} /> : null}
        <Field
          label={t.webhooks.otherSecret}
          hint={t.webhooks.otherSecretHint}
          type="password"
          value={secret}
          onValue={setSecret}
          autocomplete="off"
        />
      </WorkForm>
    </Dialog>
  );
}

const Where = ({ url, onUrl, isNew }: { url: string; onUrl: (url: string) => void; isNew: boolean }) => (
  <Field
    label={t.webhooks.url}
    hint={t.webhooks.urlHint}
    value={url}
    onValue={onUrl}
    placeholder="https://app.example.com/mail"
    required
    autoFocus={isNew}
  />
);

const Private = ({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) => (
  <Choice label={t.webhooks.allowPrivate} hint={t.webhooks.allowPrivateHint} isOn={isOn} onChange={onChange} />
);

interface EventsProps {
  readonly chosen: readonly Event[];
  readonly onChosen: (events: readonly Event[]) => void;
}

const Events = ({ chosen, onChosen }: EventsProps) => (
  <fieldset class="stack">
    <legend>{t.webhooks.hears}</legend>
    {EVENTS.map((event) => (
      <Choice
        key={event}
        label={t.webhooks.when[event]}
        isOn={chosen.includes(event)}
        onChange={(isOn) => onChosen(EVENTS.filter((each) => (each === event ? isOn : chosen.includes(each))))}
      />
    ))}
  </fieldset>
);
