import { useId, useState } from 'preact/hooks';
import type { Account, Device } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { formatAgo, formatMoment } from '../format.ts';
import { Badge, Choice, Empty, Field, PageHead, Select, Show } from '../parts/basics.tsx';
import { Confirm, Dialog, WorkForm } from '../parts/dialog.tsx';
import { useData } from '../use-data.ts';
import { AddDevice } from './add-device.tsx';

export function DevicesPage() {
  const devices = useData<Device[]>('/account/devices');
  const [isAdding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Device | null>(null);
  const [removing, setRemoving] = useState<Device | null>(null);
  return (
    <>
      <PageHead
        title="Devices"
        lead="A device with a key of its own logs in without a password: nothing to type, nothing to guess."
      >
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          Add a device
        </button>
      </PageHead>
      <Show of={devices}>
        {(list) =>
          list.length === 0 ? (
            <Empty>
              No device yet. Thunderbird, Apple Mail, mutt and others take a key; it is made here, in your browser.
            </Empty>
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
      {removing === null ? null : (
        <Confirm
          title={`Remove ${removing.name}?`}
          submit="Remove it"
          onClose={() => setRemoving(null)}
          onAgree={async () => {
            await call('DELETE', `/account/devices/${removing.fingerprint}`);
            setRemoving(null);
            devices.reload();
          }}
        >
          <p>It is logged out at once. Its key logs nobody in any more; it would have to be added again.</p>
        </Confirm>
      )}
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
        <dt>Last used</dt>
        <dd>
          {formatAgo(lastUsedAt)}
          {lastUsedFrom === null ? null : `, from ${lastUsedFrom}`}
        </dd>
        <dt>Added</dt>
        <dd>{formatMoment(createdAt)}</dd>
        <dt>Key</dt>
        <dd>
          {keyType} <span class="code small">{fingerprint.slice(0, 12)}…</span>
        </dd>
        {loginAddress === null ? null : (
          <>
            <dt>Logs in as</dt>
            <dd class="code">{loginAddress}</dd>
          </>
        )}
        {isPreauth ? null : (
          <>
            <dt>IMAP</dt>
            <dd>
              <Badge>no PREAUTH</Badge>
            </dd>
          </>
        )}
      </dl>
      <div class="actions">
        <button type="button" onClick={onChange} aria-label={`Change ${name}`}>
          Change
        </button>
        <button type="button" class="bad" onClick={onRemove} aria-label={`Remove ${name}`}>
          Remove
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
    <Dialog title={`Change ${device.name}`} onClose={onClose}>
      <Show of={account}>
        {({ addresses }) => (
          <WorkForm submit="Save" onSubmit={save} onCancel={onClose}>
            <Field label="Name" value={name} onValue={setName} required />
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
  const options = [['', 'The account'] as const, ...addresses.map((address) => [address, address] as const)];
  return (
    <Select
      label="Logs in as"
      hint="The address that its logins name, where that matters to you."
      value={value}
      options={options}
      onValue={onValue}
    />
  );
}

export function Preauth({ isOn, onChange }: { isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <Choice
      label="IMAP greets it as logged in (PREAUTH)"
      hint="Turn it off for a program that does not understand that; it then logs in by AUTHENTICATE EXTERNAL."
      isOn={isOn}
      onChange={onChange}
    />
  );
}
