import { useState } from 'preact/hooks';
import type { Route, Routing } from '../../../src/schemas/routes.ts';
import { call } from '../api.ts';
import { FormError } from '../form-error.ts';
import { Card, Field, Select, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Ask, Table } from '../parts/list.tsx';
import { safeText } from '../safe-text.ts';
import type { Loaded } from '../use-data.ts';

/** Built in, and in no list. */
const DIRECT = 'direct';

type Rule = Routing['rules'][number];
interface Placed extends Rule {
  readonly position: number;
}

interface RoutingProps {
  readonly routing: Loaded<Routing>;
  readonly routes: readonly Route[];
  readonly onChanged: () => void;
}

/** Which mail goes by which route: rules in their order, and where everything else goes. */
export function RoutingCards({ routing, routes, onChanged }: RoutingProps) {
  const names = [DIRECT, ...routes.map(({ name }) => name).filter((name) => name !== DIRECT)];
  return (
    <Show of={routing}>
      {(known) => (
        <>
          <Rules rules={known.rules} names={names} onChanged={onChanged} />
          <Default key={known.defaultRoute} current={known.defaultRoute} names={names} onChanged={onChanged} />
        </>
      )}
    </Show>
  );
}

interface RulesProps {
  readonly rules: readonly Rule[];
  readonly names: readonly string[];
  readonly onChanged: () => void;
}

function Rules({ rules, names, onChanged }: RulesProps) {
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Placed | null>(null);
  const placed: readonly Placed[] = rules.map((rule, i) => ({ ...rule, position: i + 1 }));
  const remove = async ({ position, ...rule }: Placed) => {
    try {
      // A rule is removed by its place, which may be another's by now.
      const { data } = await call<Routing>('GET', '/admin/routing');
      if (sayRule(data.rules[position - 1]) !== sayRule(rule))
        throw new FormError('Somebody has changed the rules meanwhile: close this, and look at them again.');
      await call('DELETE', `/admin/routing/rules/${position}`);
    } finally {
      onChanged();
    }
  };
  return (
    <Card title="Rules">
      <p class="quiet">The first counts that matches, for each attempt: also for what waits already.</p>
      {placed.length === 0 ? (
        <p>No rule: all mail goes where the default says.</p>
      ) : (
        <Table
          rows={placed}
          keyOf={({ position }) => position}
          columns={[
            { title: 'No.', kind: 'name', show: ({ position }) => position },
            { title: 'Mail', show: (rule) => <bdi>{sayConditions(rule)}</bdi> },
            { title: 'Goes by', show: ({ route }) => route },
          ]}
          actions={(rule) => (
            <button
              type="button"
              class="bad"
              onClick={() => setRemoving(rule)}
              aria-label={`Remove rule ${rule.position}`}
            >
              Remove
            </button>
          )}
        />
      )}
      <div class="actions">
        <button type="button" onClick={() => setAdding(true)}>
          Add a rule
        </button>
      </div>
      {isAdding ? (
        <AddRule names={names} count={rules.length} onClose={() => setAdding(false)} onAdded={onChanged} />
      ) : null}
      <Ask
        about={removing}
        title={({ position }) => `Remove rule ${position}?`}
        submit="Remove it"
        onClose={() => setRemoving(null)}
        onAgree={remove}
      >
        {(rule) => <p>{sayRule(rule)} does not hold any more; what waits goes by what is left.</p>}
      </Ask>
    </Card>
  );
}

function sayConditions({ sender, recipient, account }: Rule): string {
  const said = [
    ...(sender === null ? [] : [`from ${safeText(sender)}`]),
    ...(recipient === null ? [] : [`to ${safeText(recipient)}`]),
    ...(account === null ? [] : [`submitted by ${safeText(account)}`]),
  ];
  return said.length === 0 ? 'all' : said.join(', ');
}

const sayRule = (rule: Rule | undefined) => (rule === undefined ? '' : `${sayConditions(rule)}: by ${rule.route}`);

interface AddRuleProps {
  readonly names: readonly string[];
  readonly count: number;
  readonly onClose: () => void;
  readonly onAdded: () => void;
}

function AddRule({ names, count, onClose, onAdded }: AddRuleProps) {
  const [sender, setSender] = useState('');
  const [recipient, setRecipient] = useState('');
  const [account, setAccount] = useState('');
  const [route, setRoute] = useState(names.at(-1) ?? DIRECT);
  const [before, setBefore] = useState('');
  const add = async () => {
    const said = (text: string) => (text.trim() === '' ? null : text.trim());
    const rule = { sender: said(sender), recipient: said(recipient), account: said(account), route };
    const position = said(before);
    if (position !== null && !/^[1-9][0-9]{0,4}$/.test(position))
      throw new FormError(`“${position}” is no number of a rule: the first is 1.`);
    const body = position === null ? rule : { ...rule, position: Number(position) };
    await call('POST', '/admin/routing/rules', { body });
    onAdded();
    onClose();
  };
  return (
    <Dialog title="Add a rule" onClose={onClose}>
      <WorkForm submit="Add it" onSubmit={add} onCancel={onClose}>
        <p>All that you fill in has to be so.</p>
        <Field
          label="Recipient"
          hint="An address, a domain, or *.example.org for all domains below."
          value={recipient}
          onValue={setRecipient}
          placeholder="example.org"
          autoFocus
        />
        <Field label="Sender" hint="The same; <> for reports." value={sender} onValue={setSender} />
        <Field label="Account that submitted it" value={account} onValue={setAccount} />
        <Select label="Goes by" value={route} options={names.map((name) => [name, name])} onValue={setRoute} />
        {count === 0 ? null : (
          <Field
            label="Before the rule"
            hint={`Its number, from 1 to ${count}. Empty: behind all others.`}
            value={before}
            onValue={setBefore}
            inputMode="numeric"
          />
        )}
      </WorkForm>
    </Dialog>
  );
}

interface DefaultProps {
  readonly current: string;
  readonly names: readonly string[];
  readonly onChanged: () => void;
}

function Default({ current, names, onChanged }: DefaultProps) {
  const [route, setRoute] = useState(current);
  const save = async () => {
    await call('PUT', '/admin/routing/default', { body: { route } });
    onChanged();
  };
  return (
    <Card title="All other mail">
      <WorkForm submit="Save" onSubmit={save}>
        <Select
          label="Goes by"
          value={route}
          options={names.map((name) => [name, name === DIRECT ? 'direct: to the servers of each domain' : name])}
          onValue={setRoute}
        />
      </WorkForm>
    </Card>
  );
}
