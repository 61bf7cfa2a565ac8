import { useId, useMemo, useRef } from 'preact/hooks';
import type { Activity } from '../../../../src/schemas/activity.ts';
import { formatCount } from '../../format.ts';
import { Card, Show } from '../../parts/basics.tsx';
import { Table } from '../../parts/list.tsx';
import { Link } from '../../router.tsx';
import { currentLocale } from '../../texts/texts.ts';
import type { Loaded } from '../../use-data.ts';
import { ColumnChart } from './column-chart.tsx';
import { type Column, columnsOf, nameOf, type Period, sumsOf } from './periods.ts';

/** Charts that point at the same column. */
const GROUP = 'activity';

const PERIODS = [
  ['day', '24 hours'],
  ['week', '7 days'],
  ['month', '30 days'],
] as const satisfies readonly (readonly [Period, string])[];

type Counted = Exclude<keyof Activity, 'since'>;

interface Drawn {
  readonly of: Counted;
  readonly name: string;
  readonly color: string;
}

interface Subject {
  readonly title: string;
  /** One upon the other, the first at the bottom. */
  readonly drawn: readonly Drawn[];
  readonly about: preact.ComponentChildren;
}

const SUBJECTS: readonly Subject[] = [
  {
    title: 'Mail in',
    drawn: [{ of: 'received', name: 'came', color: '--bar-1' }],
    about: 'Messages from other servers that were taken.',
  },
  {
    title: 'Mail out',
    drawn: [
      { of: 'sent', name: 'arrived', color: '--bar-2' },
      { of: 'failed', name: 'given up', color: '--bad' },
    ],
    about: 'Copies that other servers took, and those that were given up.',
  },
  {
    title: 'Put off',
    drawn: [{ of: 'deferred', name: 'put off', color: '--bar-6' }],
    about: (
      <>
        Attempts to send after which mail waits: <Link to="/admin/queue">what waits now</Link>.
      </>
    ),
  },
  {
    title: 'Refused',
    drawn: [{ of: 'refused', name: 'refused', color: '--bar-3' }],
    about: (
      <>
        Messages, recipients and connections: <Link to="/admin/mail">what and why</Link>.
      </>
    ),
  },
  {
    title: 'Logins',
    drawn: [{ of: 'logins', name: 'logged in', color: '--bar-4' }],
    about: <Link to="/admin/logins">Who it was</Link>,
  },
  {
    title: 'Failed logins',
    drawn: [{ of: 'failedLogins', name: 'failed', color: '--bad' }],
    about: <Link to="/admin/logins">Who tried</Link>,
  },
];

interface ActivityChartsProps {
  readonly activity: Loaded<Activity>;
  readonly period: Period;
  readonly onPeriod: (period: Period) => void;
}

/** How much came, went and failed, over time. */
export function ActivityCharts({ activity, period, onPeriod }: ActivityChartsProps) {
  // What was shown stays until what is wanted is there: nothing jumps.
  const shown = useRef<Pick<ChartsProps, 'activity' | 'period'> | null>(null);
  if (activity.data !== null) shown.current = { activity: activity.data, period };
  return (
    <section class="stack" aria-labelledby="activity">
      <div class="head">
        <h2 id="activity">Over time</h2>
        <PeriodChoice period={period} onPeriod={onPeriod} />
      </div>
      {activity.error === null && shown.current !== null ? (
        <Charts {...shown.current} />
      ) : (
        <Show of={activity}>{(known) => <Charts activity={known} period={period} />}</Show>
      )}
    </section>
  );
}

function PeriodChoice({ period, onPeriod }: Pick<ActivityChartsProps, 'period' | 'onPeriod'>) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="only-read">Time that the charts are of</legend>
      {PERIODS.map(([each, text]) => (
        <label key={each}>
          <input type="radio" name={name} checked={each === period} onChange={() => onPeriod(each)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface ChartsProps {
  readonly activity: Activity;
  readonly period: Period;
}

function Charts({ activity, period }: ChartsProps) {
  const locale = currentLocale();
  const title = PERIODS.find(([each]) => each === period)?.[1] ?? '';
  const { columns, ticks, names } = useMemo(() => {
    const of = columnsOf(period, Date.parse(activity.since), activity.received.length, locale);
    return {
      columns: of,
      ticks: of.map(({ tick }) => tick),
      names: of.map((column) => nameOf(column, period, locale)),
    };
  }, [activity, period, locale]);
  return (
    <>
      <div class="grid charts">
        {SUBJECTS.map((subject) => (
          <SubjectCard
            key={subject.title}
            subject={subject}
            activity={activity}
            columns={columns}
            ticks={ticks}
            names={names}
            time={title}
          />
        ))}
      </div>
      <FigureTable activity={activity} columns={columns} names={names} time={title} />
    </>
  );
}

interface SubjectCardProps {
  readonly subject: Subject;
  readonly activity: Activity;
  readonly columns: readonly Column[];
  readonly ticks: readonly (string | null)[];
  readonly names: readonly string[];
  readonly time: string;
}

function SubjectCard({ subject: { title, drawn, about }, activity, columns, ticks, names, time }: SubjectCardProps) {
  const series = useMemo(
    () => drawn.map(({ of, name, color }) => ({ name, color, values: sumsOf(columns, activity[of]) })),
    [activity, columns],
  );
  const sums = series
    .map(({ name, values }, i) => ({ name, sum: sumOf(values), isFirst: i === 0 }))
    .filter(({ sum, isFirst }) => isFirst || sum > 0)
    .map(({ name, sum }) => `${sum.toLocaleString('en')} ${name}`)
    .join(', ');
  return (
    <Card title={title}>
      <p>
        <strong>{sums}</strong> <span class="quiet small">in {time}</span>
      </p>
      <ColumnChart
        series={series}
        ticks={ticks}
        names={names}
        group={GROUP}
        label={`${title}, ${formatCount(columns.length, 'column')}: ${sums} in ${time}. The table below has the figures.`}
      />
      <p class="small">{about}</p>
    </Card>
  );
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

interface FigureTableProps {
  readonly activity: Activity;
  readonly columns: readonly Column[];
  readonly names: readonly string[];
  readonly time: string;
}

/** What the charts show, to be read. */
function FigureTable({ activity, columns, names, time }: FigureTableProps) {
  const all = SUBJECTS.flatMap(({ title, drawn }) =>
    drawn.map(({ of, name }) => ({
      title: drawn.length === 1 ? title : `${title}: ${name}`,
      values: sumsOf(columns, activity[of]),
    })),
  );
  // The newest first, as in every other list.
  const rows = names.map((name, i) => ({ name, i })).toReversed();
  return (
    <details class="card">
      <summary>These {time} as a table</summary>
      <Table
        rows={rows}
        keyOf={({ i }) => i}
        columns={[
          { title: 'Time', kind: 'name', show: ({ name }) => name },
          ...all.map(({ title, values }) => ({
            title,
            kind: 'number' as const,
            show: ({ i }: { readonly i: number }) => (values[i] ?? 0).toLocaleString('en'),
          })),
        ]}
      />
    </details>
  );
}
