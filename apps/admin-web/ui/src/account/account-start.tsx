import type { Account, MailboxUse } from '../../../src/schemas/account.ts';
import { formatOctets } from '../format.ts';
import { Bar, fillOf, type Portion } from '../parts/bar.tsx';
import { Badge, Card, CopyButton, Empty, PageHead, Show } from '../parts/basics.tsx';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';

/** Mailboxes that have a colour of their own; the others are one portion. */
const SHOWN = 5;

export function AccountStart() {
  const account = useData<Account>('/account');
  const mailboxes = useData<MailboxUse>('/account/mailboxes');
  return (
    <>
      <PageHead title={t.account.title} lead={t.account.lead} />
      <Show of={account}>
        {(known) => (
          <>
            <Card title={t.account.space}>
              <Show of={mailboxes}>{(uses) => <Space account={known} mailboxes={uses} />}</Show>
            </Card>
            <div class="grid">
              <Card title={t.account.addresses}>
                {known.addresses.length === 0 ? <Empty>{t.account.noAddress}</Empty> : null}
                {known.addresses.map((address) => (
                  <div class="actions" key={address}>
                    <span class="code">{address}</span>
                    <CopyButton text={address} what={address} />
                  </div>
                ))}
              </Card>
              <Card title={t.account.aliases}>
                {known.aliases.length === 0 ? <p class="quiet">{t.account.noAliases}</p> : null}
                {known.aliases.map(({ address, isList, maySendAs }) => (
                  <div class="actions" key={address}>
                    <span class="code">{address}</span>
                    {isList ? <Badge>{t.account.list}</Badge> : null}
                    {maySendAs ? <Badge>{t.account.maySend}</Badge> : null}
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
    ...(rest > 0 ? [{ name: t.account.others, amount: rest }] : []),
  ];
  const whole = limitOctets ?? usedOctets;
  const used = t.account.used(formatOctets(usedOctets), usedMessages);
  const free =
    limitOctets === null
      ? t.account.noLimit
      : t.account.free(formatOctets(Math.max(0, limitOctets - usedOctets)), formatOctets(limitOctets));
  const isFull = limitOctets !== null && usedOctets >= limitOctets * 0.9;
  return (
    <>
      <p>
        <strong>{used}</strong>. {free} {isFull ? <Badge kind="bad">{t.account.almostFull}</Badge> : null}
      </p>
      <Bar portions={portions} whole={whole} label={`${used}. ${free}`} />
      {sorted.length === 0 ? (
        <Empty>{t.account.noMail}</Empty>
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
