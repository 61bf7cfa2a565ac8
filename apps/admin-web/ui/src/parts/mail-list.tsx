import { useState } from 'preact/hooks';
import type { MailEntries, MailEntry } from '../../../src/schemas/mail.ts';
import { formatMoment, formatOctets } from '../format.ts';
import { Link } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { Badge, Empty, Show } from './basics.tsx';
import type { Sought } from './mail-search.tsx';
import { Said } from './said.tsx';

const HOUR_MS = 3_600_000;
const BAD = new Set(['refused', 'deferred', 'suspect', 'broken-off', 'given-up', 'left-out']);
const WARN = new Set(['junk', 'waiting', 'held']);

/** Of the badge of an outcome. */
export const kindOf = (outcome: string): '' | 'bad' | 'warn' =>
  BAD.has(outcome) ? 'bad' : WARN.has(outcome) ? 'warn' : '';

interface MailListProps {
  /** Of the API. */
  readonly path: string;
  readonly sought: Sought;
  readonly hasFrom: boolean;
  readonly hasTo: boolean;
  /** Where the way of a message is. */
  readonly pageOf: (entry: MailEntry) => string;
}

/** What was found, a page after the other. Each thing sought, also the same again, is asked for anew. */
export function MailList({ path, sought, ...columns }: MailListProps) {
  const [asked, setAsked] = useState({ sought, query: queryOf(sought), round: 0, pages: [''] });
  if (asked.sought !== sought) {
    setAsked({ sought, query: queryOf(sought), round: asked.round + 1, pages: [''] });
  }
  const { query, round, pages } = asked;
  const separator = path.includes('?') ? '&' : '?';
  return (
    <>
      {pages.map((after, at) => (
        <MailPage
          key={`${round} ${path} ${after}`}
          path={`${path}${separator}${query}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`}
          isLast={at === pages.length - 1}
          onMore={(next) => setAsked({ ...asked, pages: [...pages, next] })}
          {...columns}
        />
      ))}
    </>
  );
}

/** The beginning of "the last hour" stays where it is while further pages are asked for. */
function queryOf({ q, outcome, hours }: Sought): string {
  const query = new URLSearchParams({ q });
  if (outcome !== '') query.set('outcome', outcome);
  if (hours !== '') query.set('since', new Date(Date.now() - Number(hours) * HOUR_MS).toISOString());
  return query.toString();
}

interface MailPageProps extends Pick<MailListProps, 'path' | 'hasFrom' | 'hasTo' | 'pageOf'> {
  readonly isLast: boolean;
  readonly onMore: (next: string) => void;
}

function MailPage({ path, isLast, onMore, ...columns }: MailPageProps) {
  const found = useData<MailEntries>(path);
  return (
    <Show of={found}>
      {({ rows, next }) => (
        <>
          {rows.length === 0 ? <Empty>{t.mail.nothing}</Empty> : <Rows rows={rows} {...columns} />}
          {isLast && next !== null ? (
            <div class="actions">
              <button type="button" onClick={() => onMore(next)}>
                {t.mail.older}
              </button>
            </div>
          ) : null}
        </>
      )}
    </Show>
  );
}

interface RowsProps extends Pick<MailListProps, 'hasFrom' | 'hasTo' | 'pageOf'> {
  readonly rows: readonly MailEntry[];
}

function Rows({ rows, hasFrom, hasTo, pageOf }: RowsProps) {
  return (
    <table class="cards">
      <thead>
        <tr>
          <th scope="col">{t.mail.when}</th>
          {hasFrom ? <th scope="col">{t.mail.from}</th> : null}
          {hasTo ? <th scope="col">{t.mail.to}</th> : null}
          <th scope="col">{t.mail.became}</th>
          <th scope="col">
            <span class="only-read">{t.parts.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.transactionId} ${row.recipientNo}`}>
            <th scope="row" class="nowrap">
              {formatMoment(row.at)}
            </th>
            {hasFrom ? (
              <td data-label={t.mail.from}>
                <Said>{senderOf(row)}</Said>{' '}
                <span class="quiet small">
                  <Said>{[row.sender, row.client].filter((part) => part !== null).join(', ')}</Said>
                </span>
              </td>
            ) : null}
            {hasTo ? (
              <td data-label={t.mail.to}>
                <Said>{row.recipient ?? t.mail.nobody}</Said>{' '}
                {row.destination === null ? null : (
                  <span class="quiet small">
                    <Said>{row.destination}</Said>
                  </span>
                )}
              </td>
            ) : null}
            <td data-label={t.mail.became}>
              <Badge kind={kindOf(row.outcome)}>{stateOf(row)}</Badge>{' '}
              <span class="quiet small">
                <Said>{notesOf(row)}</Said>
              </span>
            </td>
            <td class="do nowrap">
              <Link to={pageOf(row)}>
                {t.mail.itsWay}
                <span class="only-read">
                  {safeText(t.mail.wayOf(formatMoment(row.at), senderOf(row), row.recipient ?? t.mail.nobody))}
                </span>
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const stateOf = ({ outcome, state }: MailEntry): string => {
  const states: Partial<Record<string, string>> = t.mail.states;
  return (Object.hasOwn(states, outcome) ? states[outcome] : undefined) ?? state;
};

const senderOf = ({ reversePath }: MailEntry) => (reversePath === null ? t.mail.nobody : reversePath || '<>');

function notesOf({ count, reply, sizeOctets, outcome }: MailEntry): string {
  const parts = [
    count > 1 ? t.mail.times(count) : null,
    kindOf(outcome) === 'bad' && reply !== '' ? reply : null,
    sizeOctets === null ? null : formatOctets(sizeOctets),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
