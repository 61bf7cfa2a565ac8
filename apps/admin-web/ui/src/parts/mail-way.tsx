import type { ComponentChildren } from 'preact';
import type { MailTrace } from '../../../src/schemas/mail.ts';
import { formatOctets } from '../format.ts';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { currentLocale, t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { Badge, Card, PageHead, Show } from './basics.tsx';
import { kindOf } from './mail-list.tsx';
import { Said } from './said.tsx';

interface MailWayProps {
  /** Of the API, without the name. */
  readonly path: string;
  /** A mail transaction, or a message as the log names it. */
  readonly name: string;
  /** The page of the list. */
  readonly list: string;
  /** What can be done about it. */
  readonly after?: (trace: MailTrace) => ComponentChildren;
}

/** What happens to one message happens within seconds. */
const momentFormat = () => new Intl.DateTimeFormat(currentLocale(), { dateStyle: 'medium', timeStyle: 'medium' });

/** The way of one message: whom it was for, and what happened to it, in the order of time. */
export function MailWay({ path, name, list, after }: MailWayProps) {
  const trace = useData<MailTrace>(`${path}/${encodeURIComponent(name)}`);
  return (
    <>
      <PageHead title={t.mail.way} lead={safeText(name)}>
        <Link to={list}>{t.mail.all}</Link>
        <button type="button" onClick={trace.reload}>
          {t.mail.lookAgain}
        </button>
      </PageHead>
      <Show of={trace}>
        {(known) => (
          <>
            <Facts trace={known} />
            <Recipients trace={known} />
            {after?.(known)}
            <Events trace={known} />
          </>
        )}
      </Show>
    </>
  );
}

function Facts({ trace }: { trace: MailTrace }) {
  const { reversePath, sender, client, message, messageId, sizeOctets } = trace;
  const facts: readonly (readonly [string, string | null])[] = [
    [t.mail.from, reversePath === '' ? '<>' : reversePath],
    [t.mail.submittedBy, sender],
    [t.mail.broughtBy, client],
    [t.mail.inLog, message],
    [t.mail.messageId, messageId],
    [t.mail.size, sizeOctets === null ? null : formatOctets(sizeOctets)],
  ];
  return (
    <Card title={t.mail.facts}>
      <dl class="facts">
        {facts.flatMap(([term, value]) =>
          value === null
            ? []
            : [
                <dt key={term}>{term}</dt>,
                <dd key={`${term} is`}>
                  <Said>{value}</Said>
                </dd>,
              ],
        )}
      </dl>
    </Card>
  );
}

function Recipients({ trace: { recipients, hasMore } }: { trace: MailTrace }) {
  return (
    <Card title={t.mail.forWhom}>
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">{t.mail.recipient}</th>
            <th scope="col">{t.mail.now}</th>
            <th scope="col">{t.mail.heard}</th>
          </tr>
        </thead>
        <tbody>
          {recipients.map(({ recipientNo, recipient, destination, account, outcome, state, reply }) => (
            <tr key={recipientNo}>
              <th scope="row">
                <Said>{recipient ?? t.mail.nobody}</Said>{' '}
                <span class="quiet small">
                  <Said>{[destination, account].filter((part) => part !== null).join(', ')}</Said>
                </span>
              </th>
              <td data-label={t.mail.now}>
                <Badge kind={kindOf(outcome)}>{state}</Badge>
              </td>
              <td data-label={t.mail.heard}>
                <Said>{reply === '' ? t.mail.heardNothing : reply}</Said>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {hasMore ? <p class="quiet">{t.mail.moreRecipients}</p> : null}
    </Card>
  );
}

function Events({ trace: { events } }: { trace: MailTrace }) {
  const format = momentFormat();
  return (
    <Card title={t.mail.events}>
      <ol class="way">
        {events.map(({ at, type, text, details }, no) => (
          <li key={`${no} ${at}`} class={type === 'refused' || type === 'failed' ? 'bad' : ''}>
            <time class="quiet small" dateTime={at}>
              {format.format(new Date(at))}
            </time>
            <div>
              <Said>{text}</Said>
            </div>
            {details.map((detail) => (
              <div key={detail} class="quiet small">
                <Said>{detail}</Said>
              </div>
            ))}
          </li>
        ))}
      </ol>
    </Card>
  );
}
