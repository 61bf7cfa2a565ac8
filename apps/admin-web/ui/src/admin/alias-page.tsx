import { useState } from 'preact/hooks';
import type { AliasDetails } from '../../../src/schemas/admin.ts';
import { call } from '../api.ts';
import { Badge, Card, Choice, Empty, Field, Notice, PageHead, Select, Show } from '../parts/basics.tsx';
import { Confirm, useWork, WorkForm } from '../parts/dialog.tsx';
import { Said } from '../parts/said.tsx';
import { goTo } from '../router.tsx';
import { safeText } from '../safe-text.ts';
import { useData } from '../use-data.ts';

export function AliasPage({ address }: { address: string }) {
  const path = `/admin/aliases/${encodeURIComponent(address)}`;
  const alias = useData<AliasDetails>(path);
  const [isRemoving, setRemoving] = useState(false);
  const change = async (body: object) => {
    await call('PATCH', path, { body, ifMatch: alias.etag });
    alias.reload();
  };
  return (
    <>
      <PageHead title={safeText(address)} lead="An address that stands for others.">
        <button type="button" class="bad" onClick={() => setRemoving(true)}>
          Remove
        </button>
      </PageHead>
      <Show of={alias}>
        {(known) => (
          <div class="grid">
            <Members alias={known} change={change} />
            <Settings key={alias.etag ?? ''} alias={known} change={change} />
          </div>
        )}
      </Show>
      {isRemoving ? (
        <Confirm
          title={`Remove ${safeText(address)}?`}
          submit="Remove it"
          onClose={() => setRemoving(false)}
          onAgree={async () => {
            await call('DELETE', path);
            goTo('/admin/addresses');
          }}
        >
          <p>Mail to it is then refused, or goes to the catchall of its domain.</p>
        </Confirm>
      ) : null}
    </>
  );
}

interface PartProps {
  readonly alias: AliasDetails;
  readonly change: (body: object) => Promise<void>;
}

function Members({ alias, change }: PartProps) {
  const [member, setMember] = useState('');
  const { error, work } = useWork();
  const members = alias.entries.filter(({ isMember }) => isMember);
  const add = async () => {
    await change({ addMembers: [member] });
    setMember('');
  };
  return (
    <Card title="Members">
      {members.length === 0 ? <Empty>Nobody: mail to it goes nowhere.</Empty> : null}
      {members.map(({ address, isLocal }) => (
        <div class="head" key={address}>
          <span>
            <span class="code">
              <Said>{address}</Said>
            </span>{' '}
            {isLocal ? null : <Badge>at another server</Badge>}
          </span>
          <button
            type="button"
            class="bad"
            onClick={() => work(() => change({ removeMembers: [address] }))}
            aria-label={`Remove ${safeText(address)}`}
          >
            Remove
          </button>
        </div>
      ))}
      {error === null ? null : <Notice kind="bad">{error}</Notice>}
      <WorkForm submit="Add" onSubmit={add}>
        <Field label="One more member" value={member} onValue={setMember} placeholder="name@example.com" required />
      </WorkForm>
    </Card>
  );
}

function Settings({ alias, change }: PartProps) {
  const [posters, setPosters] = useState(alias.posters);
  const [isList, setList] = useState(alias.isList);
  const [showsMembers, setShowsMembers] = useState(alias.showsMembers);
  const [maySendAs, setMaySendAs] = useState(alias.maySendAs);
  return (
    <Card title="How it works">
      <WorkForm submit="Save" onSubmit={() => change({ posters, isList, showsMembers, maySendAs })}>
        <Select
          label="Who may write to it"
          value={posters}
          options={[
            ['anyone', 'Anyone'],
            ['members', 'Its members'],
            ['named', 'Those who are named'],
          ]}
          onValue={setPosters}
        />
        <Choice label="It is a mailing list" hint="What members get says so." isOn={isList} onChange={setList} />
        <Choice label="Members see who the others are" isOn={showsMembers} onChange={setShowsMembers} />
        <Choice label="Members may send from its address" isOn={maySendAs} onChange={setMaySendAs} />
      </WorkForm>
    </Card>
  );
}
