import { useState } from 'preact/hooks';
import type { DkimKey, RotatedDkimKeys } from '../../../src/schemas/dkim.ts';
import { call } from '../api.ts';
import { formatCount, formatMoment } from '../format.ts';
import { Badge, Card, Choice, CopyButton, Notice } from '../parts/basics.tsx';
import { Confirm, useWork } from '../parts/dialog.tsx';
import { Ask, List } from '../parts/list.tsx';
import { useData } from '../use-data.ts';

const ALGORITHMS = { ed25519: 'Ed25519', rsa: 'RSA' } as const;

/** What the DNS says of a key that waits. */
const LOOKS = new Map([
  ['published', 'is in the DNS. It signs once the DNS has had it for an hour; nothing is left to do.'],
  ['missing', 'is not in the DNS yet, or the DNS still remembers that it was not.'],
  ['different', 'has something else, or more than one record, in its place in the DNS.'],
  ['unknown', 'could not be looked for: the DNS does not answer.'],
]);

/** The keys that sign the mail of a domain, and what to do with each. @param onChanged the records are others then */
export function DkimKeys({ domain, onChanged }: { domain: string; onChanged: () => void }) {
  const path = `/admin/domains/${encodeURIComponent(domain)}/dkim`;
  const keys = useData<DkimKey[]>(path);
  const [removing, setRemoving] = useState<DkimKey | null>(null);
  const [isRotating, setRotating] = useState(false);
  const [looks, setLooks] = useState<RotatedDkimKeys['looks']>([]);
  const { isBusy, error, work } = useWork();
  const all = keys.data ?? [];
  const has = (state: DkimKey['state']) => all.some((key) => key.state === state);
  const lacks = (['ed25519', 'rsa'] as const).filter(
    (algorithm) => !all.some((key) => key.algorithm === algorithm && key.state !== 'retired'),
  );
  const renew = () => {
    keys.reload();
    onChanged();
  };
  const make = () =>
    work(async () => {
      await call('POST', path, { body: {} });
      renew();
    });
  const look = () =>
    work(async () => {
      setLooks((await call<RotatedDkimKeys>('POST', `${path}/rotate`, { body: {} })).data.looks);
      renew();
    });
  return (
    <Card title="Keys that sign its mail (DKIM)">
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      {looks.map(({ selector, dns, isActive }) => (
        <Notice key={selector} kind={isActive || dns === 'published' ? 'good' : 'warn'}>
          {selector} {isActive ? 'is in the DNS, and signs from now on.' : (LOOKS.get(dns) ?? dns)}
        </Notice>
      ))}
      <List
        of={keys}
        empty="No key: mail is not signed, and others may take it for junk."
        keyOf={({ selector }) => selector}
        columns={[
          {
            title: 'Selector',
            kind: 'name',
            show: ({ selector, algorithm }) => (
              <>
                <span class="code">{selector}</span> <span class="quiet small">{ALGORITHMS[algorithm]}</span>
              </>
            ),
          },
          { title: 'State', show: (key) => <State dkimKey={key} /> },
          {
            title: 'Record',
            show: ({ record, state }) =>
              state === 'retired' ? (
                <span class="code small">{record.name}</span>
              ) : (
                <div class="actions">
                  <span class="code small">{record.name}</span>
                  <CopyButton text={record.value} what={`the TXT record of ${record.name}`} />
                </div>
              ),
          },
        ]}
        actions={(key) => (
          <button type="button" class="bad" onClick={() => setRemoving(key)} aria-label={`Remove ${key.selector}`}>
            Remove
          </button>
        )}
      />
      <div class="actions">
        {lacks.length === 0 || keys.data === null ? null : (
          <button type="button" class={all.length === 0 ? 'primary' : ''} onClick={make} disabled={isBusy}>
            Make {formatCount(lacks.length, 'key')}: {lacks.map((each) => ALGORITHMS[each]).join(', ')}
          </button>
        )}
        {has('made') ? (
          <button type="button" onClick={look} disabled={isBusy}>
            See whether the DNS has the new keys
          </button>
        ) : null}
        {has('active') || has('made') ? (
          <button type="button" onClick={() => setRotating(true)} disabled={isBusy}>
            Replace keys
          </button>
        ) : null}
      </div>
      <Ask
        about={removing}
        title={({ selector }) => `Remove the key ${selector}?`}
        submit="Remove it"
        onClose={() => setRemoving(null)}
        onAgree={async ({ selector }) => {
          await call('DELETE', `${path}/${encodeURIComponent(selector)}`);
          renew();
        }}
      >
        {(key) => <p>{consequenceOf(key, all, domain)} It does not come back.</p>}
      </Ask>
      {isRotating ? (
        <Rotate
          path={path}
          waiting={all.filter(({ state }) => state === 'made').map(({ selector }) => selector)}
          onClose={() => setRotating(false)}
          onDone={renew}
        />
      ) : null}
    </Card>
  );
}

function State({ dkimKey: { state, seenAt, createdAt, activeSince, publishedUntil } }: { dkimKey: DkimKey }) {
  switch (state) {
    case 'made':
      return seenAt === null ? (
        <>
          <Badge kind="warn">made</Badge> <span class="quiet small">{formatMoment(createdAt)}: publish its record</span>
        </>
      ) : (
        <>
          <Badge>seen in the DNS</Badge> <span class="quiet small">{formatMoment(seenAt)}: signs soon</span>
        </>
      );
    case 'active':
      return (
        <>
          <Badge>signs</Badge>{' '}
          <span class="quiet small">{activeSince === null ? '' : `since ${formatMoment(activeSince)}`}</span>
        </>
      );
    case 'retired':
      return (
        <>
          <Badge kind="warn">retired</Badge>{' '}
          <span class="quiet small">
            {isNeeded(publishedUntil)
              ? `keep its record until ${formatMoment(publishedUntil)}`
              : 'its record may go, and then the key'}
          </span>
        </>
      );
    default:
      return state satisfies never;
  }
}

const isNeeded = (until: string | null): until is string => until !== null && Date.parse(until) > Date.now();

function consequenceOf({ state, selector, publishedUntil }: DkimKey, all: readonly DkimKey[], domain: string): string {
  switch (state) {
    case 'made':
      return `${selector} has signed nothing yet.`;
    case 'active': {
      const others = all.filter((key) => key.state === 'active' && key.selector !== selector);
      return others.length === 0
        ? `It is the only key that signs: mail of ${domain} will not be signed, and others may refuse it. To put another in its place, replace it.`
        : `Mail of ${domain} will be signed by ${others.map((key) => key.selector).join(', ')} alone.`;
    }
    case 'retired':
      return isNeeded(publishedUntil)
        ? `Mail that it has signed may be on its way until ${formatMoment(publishedUntil)}: leave its record in the DNS until then.`
        : 'Nothing that it has signed is on its way any more.';
    default:
      return state satisfies never;
  }
}

interface RotateProps {
  readonly path: string;
  /** Selectors of keys that do not sign yet. */
  readonly waiting: readonly string[];
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Rotate({ path, waiting, onClose, onDone }: RotateProps) {
  const [isNow, setNow] = useState(false);
  const rotate = async () => {
    await call('POST', `${path}/rotate`, { body: { isNow } });
    onDone();
    onClose();
  };
  return (
    <Confirm
      title="Replace the keys?"
      submit={isNow ? 'Replace them now' : 'Begin'}
      kind={isNow ? 'bad primary' : 'primary'}
      onClose={onClose}
      onAgree={rotate}
    >
      {isNow ? (
        <p>
          {waiting.length === 0 ? 'New keys are made, and sign' : `${waiting.join(', ')} will sign`} from now on. Until
          others see the records, mail counts as not signed. The keys that sign now are retired, and cannot sign again.
        </p>
      ) : (
        <p>
          {waiting.length === 0
            ? 'New keys are made; the records to publish are shown then. Those that sign now go on until the DNS has had the new ones for an hour.'
            : `${waiting.join(', ')} wait already: the DNS is asked for them, and they sign once it has had them for an hour.`}{' '}
          The old records stay for 14 more days, for mail on its way.
        </p>
      )}
      <Choice
        label="The new keys sign at once, published or not"
        hint="Where an old one is in wrong hands."
        isOn={isNow}
        onChange={setNow}
      />
    </Confirm>
  );
}
