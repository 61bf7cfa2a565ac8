import type { Account, MailboxUse } from '../../../src/schemas/account.ts';
import { formatCount, formatOctets } from '../format.ts';
import { Bar, fillOf, type Portion } from '../parts/bar.tsx';
import { Badge, Card, CopyButton, Empty, PageHead, Show } from '../parts/basics.tsx';
import { useData } from '../use-data.ts';

/** Mailboxes that have a colour of their own; the others are one portion. */
const SHOWN = 5;

export function AccountStart() {
  const account = useData<Account>('/account');
  const mailboxes = useData<MailboxUse>('/account/mailboxes');
  return (
    <>
      <PageHead title="Your account" lead="What you have here, and how much of it." />
      <Show of={account}>
        {(known) => (
          <>
            <Card title="Space">
              <Show of={mailboxes}>{(uses) => <Space account={known} mailboxes={uses} />}</Show>
            </Card>
            <div class="grid">
              <Card title="Your addresses">
                {known.addresses.length === 0 ? (
                  <Empty>This account has no address: nobody can write to it.</Empty>
                ) : null}
                {known.addresses.map((address) => (
                  <div class="actions" key={address}>
                    <span class="code">{address}</span>
                    <CopyButton text={address} what={address} />
                  </div>
                ))}
              </Card>
              <Card title="Aliases and lists">
                {known.aliases.length === 0 ? <p class="quiet">No alias or list brings you mail.</p> : null}
                {known.aliases.map(({ address, isList, maySendAs }) => (
                  <div class="actions" key={address}>
                    <span class="code">{address}</span>
                    {isList ? <Badge>list</Badge> : null}
                    {maySendAs ? <Badge>you may send from it</Badge> : null}
                  </div>
                ))}
              </Card>
            </div>
          </>
        )}
      </Show>
    </>
  );
}

function Space({ account, mailboxes }: { account: Account; mailboxes: MailboxUse }) {
  const { usedOctets, limitOctets, usedMessages } = account;
  const sorted = mailboxes.filter(({ octets }) => octets > 0).toSorted((a, b) => b.octets - a.octets);
  const rest = sorted.slice(SHOWN).reduce((sum, { octets }) => sum + octets, 0);
  const portions: readonly Portion[] = [
    ...sorted.slice(0, SHOWN).map(({ name, octets }) => ({ name, amount: octets })),
    ...(rest > 0 ? [{ name: 'the others', amount: rest }] : []),
  ];
  const whole = limitOctets ?? usedOctets;
  const used = `${formatOctets(usedOctets)} in ${formatCount(usedMessages, 'message')}`;
  const free =
    limitOctets === null
      ? 'There is no limit.'
      : `${formatOctets(Math.max(0, limitOctets - usedOctets))} of ${formatOctets(limitOctets)} are free.`;
  const isFull = limitOctets !== null && usedOctets >= limitOctets * 0.9;
  return (
    <>
      <p>
        <strong>{used}</strong>. {free} {isFull ? <Badge kind="bad">almost full</Badge> : null}
      </p>
      <Bar portions={portions} whole={whole} label={`${used}. ${free}`} />
      {sorted.length === 0 ? (
        <Empty>No mail yet. Set up a mail program, and write to yourself.</Empty>
      ) : (
        <ul class="legend">
          {portions.map(({ name, amount }, i) => (
            <li key={name}>
              <svg viewBox="0 0 10 10" aria-hidden="true">
                <rect width="10" height="10" rx="3" class={fillOf(i)} />
              </svg>
              <span class="code">{name}</span>
              <span class="quiet nowrap">{formatOctets(amount)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
