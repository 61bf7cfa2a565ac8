import { useState } from 'preact/hooks';
import type { LoginLimit, Settings, SettingsEffect } from '../../../src/schemas/settings.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { formatCount } from '../format.ts';
import { Card, Field, Notice, PageHead, Select, Show } from '../parts/basics.tsx';
import { Confirm, WorkForm } from '../parts/dialog.tsx';
import { List } from '../parts/list.tsx';
import { useData } from '../use-data.ts';

const MB = 1_024 * 1_024;
type Limit = keyof Settings;
interface Amount {
  readonly name: Limit;
  readonly label: string;
  readonly unit: number;
}

const HOLDING: readonly Amount[] = [
  { name: 'octets', label: 'Mail, in MB', unit: MB },
  { name: 'messages', label: 'Messages', unit: 1 },
  { name: 'mailboxes', label: 'Mailboxes', unit: 1 },
];
const SENDING: readonly Amount[] = [
  { name: 'messagesADay', label: 'Messages sent a day', unit: 1 },
  { name: 'newRecipientsADay', label: 'New recipients a day', unit: 1 },
  { name: 'messageOctets', label: 'Size of a message, in MB', unit: MB },
];

type Change = Partial<Settings>;

/** What holds for every account that has no limits of its own. */
export function SettingsPage() {
  const settings = useData<Settings>('/admin/settings');
  const logins = useData<LoginLimit[]>('/admin/settings/login-limits');
  const [asking, setAsking] = useState<{ readonly change: Change; readonly effect: SettingsEffect } | null>(null);
  const [isDone, setDone] = useState(false);
  const ask = async (change: Change) => {
    setDone(false);
    if (Object.keys(change).length === 0) throw new FormError('Nothing is different from what it was.');
    const { data: effect } = await call<SettingsEffect>('POST', '/admin/settings/effect', { body: change });
    setAsking({ change, effect });
  };
  return (
    <>
      <PageHead
        title="Settings"
        lead="What every account may hold and send that has no limits of its own; also those to come."
      />
      {isDone ? <Notice>Saved. In force for whatever comes next, on all hosts.</Notice> : null}
      <Show of={settings}>
        {(known) => (
          <div class="grid" key={settings.etag ?? ''}>
            <LimitsForm title="What an account may hold" amounts={HOLDING} settings={known} onSave={ask} />
            <LimitsForm title="What an account may send" amounts={SENDING} settings={known} onSave={ask} />
          </div>
        )}
      </Show>
      <Card title="Failed logins">
        <p class="quiet">
          After so many failures nobody new gets in from a network; who was there before still does. These are fixed:
          docs/security.md says why.
        </p>
        <List
          of={logins}
          empty="None."
          keyOf={({ prefix }) => prefix}
          columns={[
            { title: 'Network', kind: 'name', show: ({ prefix }) => <span class="code">{prefix}</span> },
            { title: 'Failures', kind: 'number', show: ({ failures }) => failures },
            { title: 'One is forgotten after', show: ({ minutes }) => formatCount(minutes, 'minute') },
          ]}
        />
      </Card>
      {asking === null ? null : (
        <Confirm
          title="Change it for all?"
          submit="Change it"
          kind="primary"
          onClose={() => setAsking(null)}
          onAgree={async () => {
            await call('PATCH', '/admin/settings', { body: asking.change, ifMatch: settings.etag });
            setAsking(null);
            setDone(true);
            settings.reload();
          }}
        >
          <Effect effect={asking.effect} />
        </Confirm>
      )}
    </>
  );
}

function Effect({ effect: { accounts, changed, overQuota } }: { effect: SettingsEffect }) {
  return (
    <>
      <p>
        {changed === 0
          ? `None of ${formatCount(accounts, 'account')} gets another limit: each has its own, or the same already.`
          : `${formatCount(changed, 'account')} of ${accounts} ${changed === 1 ? 'gets' : 'get'} another limit, and accounts to come have it too.`}
      </p>
      {overQuota === 0 ? null : (
        <Notice kind="warn">
          {formatCount(overQuota, 'account')} {overQuota === 1 ? 'holds' : 'hold'} more than that already: nothing goes,
          but no more mail comes in.
        </Notice>
      )}
    </>
  );
}

interface LimitsFormProps {
  readonly title: string;
  readonly amounts: readonly Amount[];
  readonly settings: Settings;
  readonly onSave: (change: Change) => Promise<void>;
}

function LimitsForm({ title, amounts, settings, onSave }: LimitsFormProps) {
  const [texts, setTexts] = useState<Partial<Record<Limit, string | null>>>({});
  const save = () => {
    const change: { -readonly [limit in Limit]?: number | null } = {};
    for (const { name, label, unit } of amounts) {
      const text = texts[name];
      if (text === undefined) continue;
      const value = text === null ? null : Math.round(Number(text) * unit);
      if (text?.trim() === '' || (value !== null && !(Number.isSafeInteger(value) && value >= 0)))
        throw new FormError(`“${text}” is no number for ${label.toLowerCase()}.`);
      if (value !== settings[name]) change[name] = value;
    }
    return onSave(change);
  };
  return (
    <Card title={title}>
      <WorkForm submit="See what it will do" onSubmit={async () => await save()}>
        {amounts.map(({ name, label, unit }) => {
          const current = settings[name];
          const text = texts[name] === undefined ? (current === null ? null : String(current / unit)) : texts[name];
          return (
            <fieldset class="stack" key={name}>
              <Select
                label={label}
                value={text === null ? 'none' : 'limit'}
                options={[
                  ['none', 'No limit'],
                  ['limit', 'At most'],
                ]}
                onValue={(kind) => setTexts({ ...texts, [name]: kind === 'none' ? null : '' })}
              />
              {text === null ? null : (
                <Field
                  label={`${label}: at most`}
                  value={text}
                  onValue={(typed) => setTexts({ ...texts, [name]: typed })}
                  inputMode="numeric"
                  required
                />
              )}
            </fieldset>
          );
        })}
      </WorkForm>
    </Card>
  );
}
