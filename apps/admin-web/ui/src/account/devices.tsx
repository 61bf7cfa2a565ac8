import { useId, useState } from 'preact/hooks';
import type { Account, Device } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatMoment, formatUse } from '../format.ts';
import { Badge, Choice, Empty, Field, PageHead, Select, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Ask } from '../parts/list.tsx';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { AddDevice } from './add-device.tsx';

export function DevicesPage() {
  const devices = useData<Device[]>('/account/devices');
  const [isAdding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Device | null>(null);
  const [removing, setRemoving] = useState<Device | null>(null);
  return (
    <>
      <PageHead title={t.devices.title} lead={t.devices.lead}>
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          {t.devices.add}
        </button>
      </PageHead>
      <Show of={devices}>
        {(list) =>
          list.length === 0 ? (
            <Empty>{t.devices.empty}</Empty>
          ) : (
            <div class="grid">
              {list.map((device) => (
                <DeviceCard
                  key={device.fingerprint}
                  device={device}
                  onChange={() => setChanging(device)}
                  onRemove={() => setRemoving(device)}
                />
              ))}
            </div>
          )
        }
      </Show>
      {isAdding ? <AddDevice onClose={() => setAdding(false)} onAdded={devices.reload} /> : null}
      {changing === null ? null : (
        <ChangeDevice device={changing} onClose={() => setChanging(null)} onChanged={devices.reload} />
      )}
      <Ask
        about={removing}
        title={({ name }) => t.parts.askRemove(name)}
        submit={t.parts.removeIt}
        onClose={() => setRemoving(null)}
        onAgree={async ({ fingerprint }) => {
          await call('DELETE', `/account/devices/${fingerprint}`);
          devices.reload();
        }}
      >
        {() => <p>{t.devices.removing}</p>}
      </Ask>
    </>
  );
}

interface DeviceCardProps {
  readonly device: Device;
  readonly onChange: () => void;
  readonly onRemove: () => void;
}

function DeviceCard({ device, onChange, onRemove }: DeviceCardProps) {
  const id = useId();
  const { name, keyType, lastUsedAt, lastUsedFrom, createdAt, isPreauth, loginAddress, fingerprint } = device;
  return (
    <section class="card" aria-labelledby={id}>
      <h2 id={id}>{name}</h2>
      <dl class="facts">
        <dt>{t.devices.lastUsed}</dt>
        <dd>{formatUse(lastUsedAt, lastUsedFrom)}</dd>
        <dt>{t.devices.added}</dt>
        <dd>{formatMoment(createdAt)}</dd>
        <dt>{t.devices.key}</dt>
        <dd>
          {keyType} <span class="code small">{fingerprint.slice(0, 12)}…</span>
        </dd>
        {loginAddress === null ? null : (
          <>
            <dt>{t.devices.logsInAs}</dt>
            <dd class="code">{loginAddress}</dd>
          </>
        )}
        {isPreauth ? null : (
          <>
            <dt>IMAP</dt>
            <dd>
              <Badge>{t.devices.noPreauth}</Badge>
            </dd>
          </>
        )}
      </dl>
      <div class="actions">
        <button type="button" onClick={onChange} aria-label={t.parts.changeOne(name)}>
          {t.parts.change}
        </button>
        <button type="button" class="bad" onClick={onRemove} aria-label={t.parts.removeOne(name)}>
          {t.parts.remove}
        </button>
      </div>
    </section>
  );
}

interface ChangeDeviceProps {
  readonly device: Device;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

function ChangeDevice({ device, onClose, onChanged }: ChangeDeviceProps) {
  const account = useData<Account>('/account');
  const [name, setName] = useState(device.name);
  const [loginAddress, setLoginAddress] = useState(device.loginAddress ?? '');
  const [isPreauth, setPreauth] = useState(device.isPreauth);
  const save = async () => {
    const body = { name, isPreauth, loginAddress: loginAddress === '' ? null : loginAddress };
    await call('PATCH', `/account/devices/${device.fingerprint}`, { body });
    onChanged();
    onClose();
  };
  return (
    <Dialog title={t.parts.changeOne(device.name)} onClose={onClose}>
      <Show of={account}>
        {({ addresses }) => (
          <WorkForm submit={t.parts.save} onSubmit={save} onCancel={onClose}>
            <Field label={t.devices.name} value={name} onValue={setName} required />
            <LoginAddress addresses={addresses} value={loginAddress} onValue={setLoginAddress} />
            <Preauth isOn={isPreauth} onChange={setPreauth} />
          </WorkForm>
        )}
      </Show>
    </Dialog>
  );
}

interface LoginAddressProps {
  readonly addresses: readonly string[];
  readonly value: string;
  readonly onValue: (value: string) => void;
}

function LoginAddress({ addresses, value, onValue }: LoginAddressProps) {
  const options = [['', t.devices.theAccount] as const, ...addresses.map((address) => [address, address] as const)];
  return (
    <Select
      label={t.devices.logsInAs}
      hint={t.devices.logsInAsHint}
      value={value}
      options={options}
      onValue={onValue}
    />
  );
}

export function Preauth({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) {
  return <Choice label={t.devices.preauth} hint={t.devices.preauthHint} isOn={isOn} onChange={onChange} />;
}
