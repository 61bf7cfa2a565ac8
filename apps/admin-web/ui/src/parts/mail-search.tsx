import { useState } from 'preact/hooks';
import { t } from '../texts/texts.ts';
import { Field, Select } from './basics.tsx';

/** What is looked for. */
export interface Sought {
  readonly q: string;
  readonly outcome: string;
  /** In hours; '' for any time. */
  readonly hours: string;
}

export const ANYTHING: Sought = { q: '', outcome: '', hours: '' };

const outcomes = () => {
  const { any, ...others } = t.mail.outcomes;
  return [['', any] as const, ...Object.entries(others)];
};

/** In hours. */
const times = () => {
  const { any, hour, day, week } = t.mail.spans;
  return [['', any] as const, ['1', hour] as const, ['24', day] as const, ['168', week] as const];
};

interface MailSearchProps {
  readonly hint: string;
  readonly onSearch: (sought: Sought) => void;
}

/** Asks when it is told to: each question goes through the record of a month. */
export function MailSearch({ hint, onSearch }: MailSearchProps) {
  const [sought, setSought] = useState(ANYTHING);
  const choose = (change: Partial<Sought>) => {
    const next = { ...sought, ...change };
    setSought(next);
    onSearch(next);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch({ ...sought }); // also the same again
      }}
    >
      <Field label={t.parts.find} hint={hint} value={sought.q} onValue={(q) => setSought({ ...sought, q })} />
      <div class="grid">
        <Select
          label={t.mail.became}
          value={sought.outcome}
          options={outcomes()}
          onValue={(outcome) => choose({ outcome })}
        />
        <Select label={t.mail.when} value={sought.hours} options={times()} onValue={(hours) => choose({ hours })} />
      </div>
      <div class="actions">
        <button type="submit" class="primary">
          {t.parts.find}
        </button>
      </div>
    </form>
  );
}
