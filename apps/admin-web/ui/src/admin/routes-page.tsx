import { useState } from 'preact/hooks';
import type { Route, Routing } from '../../../src/schemas/routes.ts';
import { call } from '../api.ts';
import { formatCount } from '../format.ts';
import { Badge } from '../parts/basics.tsx';
import { Ask, ListPage } from '../parts/list.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';
import { RouteDialog } from './route-dialog.tsx';
import { RouteTestDialog } from './route-test-dialog.tsx';
import { RoutingCards } from './routing-cards.tsx';

/** As people call what the API names. */
const TLS_NAMES = new Map([
  ['implicit', 'from the first octet'],
  ['starttls', 'by STARTTLS'],
  ['opportunistic', 'if it is offered'],
  ['none', 'none'],
]);

/** By which ways mail leaves, and which mail goes by which. */
export function RoutesPage() {
  const routes = useData<Route[]>('/admin/routes');
  const routing = useData<Routing>('/admin/routing');
  const [isAdding, setAdding] = useState(false);
  const [changing, setChanging] = useState<string | null>(null);
  const [testing, setTesting] = useState<string | null>(null);
  const [removing, setRemoving] = useState<Route | null>(null);
  const reload = () => {
    routes.reload();
    routing.reload();
  };
  return (
    <ListPage
      title="Ways out"
      lead="By which servers mail to others leaves. Without any it goes to the servers of each domain: that is “direct”, which is built in."
      head={
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add a way out
        </button>
      }
      of={routes}
      empty="None of your own: all mail goes directly to the servers of each domain."
      keyOf={({ name }) => name}
      columns={[
        { title: 'Name', kind: 'name', show: ({ name }) => name },
        { title: 'Hosts', show: ({ hosts }) => (hosts.length === 0 ? 'those of each domain' : <Lines of={hosts} />) },
        {
          title: 'TLS',
          kind: 'line',
          show: ({ hosts, tls }) => (hosts.length === 0 ? 'as each domain asks' : (TLS_NAMES.get(tls) ?? tls)),
        },
        { title: 'Login', show: loginOf },
        { title: 'Used', kind: 'line', show: (route) => <Use of={route} /> },
      ]}
      actions={(route) => {
        const { name } = route;
        return (
          <>
            <button type="button" onClick={() => setTesting(name)} aria-label={`Test ${name}`}>
              Test
            </button>
            <button type="button" onClick={() => setChanging(name)} aria-label={`Change ${name}`}>
              Change
            </button>
            <button type="button" class="bad" onClick={() => setRemoving(route)} aria-label={`Remove ${name}`}>
              Remove
            </button>
          </>
        );
      }}
    >
      <RoutingCards routing={routing} routes={routes.data ?? []} onChanged={reload} />
      {isAdding ? <RouteDialog name={null} onClose={() => setAdding(false)} onSaved={reload} /> : null}
      {changing === null ? null : <RouteDialog name={changing} onClose={() => setChanging(null)} onSaved={reload} />}
      {testing === null ? null : <RouteTestDialog name={testing} onClose={() => setTesting(null)} />}
      <Ask
        about={removing}
        title={({ name }) => `Remove ${name}?`}
        submit="Remove it"
        onClose={() => setRemoving(null)}
        onAgree={async ({ name }) => {
          await call('DELETE', `/admin/routes/${encodeURIComponent(name)}`).finally(reload);
        }}
      >
        {(route) => <p>{whatRemovingDoes(route)}</p>}
      </Ask>
    </ListPage>
  );
}

const Lines = ({ of }: { of: readonly string[] }) => (
  <>
    {of.map((text) => (
      <div key={text}>
        <bdi class="code">{safeText(text)}</bdi>
      </div>
    ))}
  </>
);

function loginOf({ user, certificate, secrets }: Route) {
  if (user === null && certificate === null) return 'none';
  const by = [
    ...(secrets.includes('password') ? ['a password'] : []),
    ...(secrets.includes('token') ? ['a token'] : []),
    ...(certificate === null ? [] : ['a certificate']),
  ].join(' and ');
  return (
    <>
      {user === null ? null : <bdi>{safeText(user)}</bdi>} <span class="quiet small">by {by}</span>
    </>
  );
}

function Use({ of: { isDefault, rules } }: { of: Route }) {
  if (!isDefault && rules === 0) return <span class="quiet">by nothing</span>;
  return (
    <>
      {isDefault ? <Badge>by default</Badge> : null} {rules === 0 ? null : `by ${formatCount(rules, 'rule')}`}
    </>
  );
}

function whatRemovingDoes({ isDefault, rules }: Route): string {
  if (isDefault || rules > 0)
    return 'Something uses it still: it can be removed when no rule names it, and other mail goes elsewhere.';
  return 'Its settings and secrets go with it. Mail that waits goes by what the rules say then.';
}
