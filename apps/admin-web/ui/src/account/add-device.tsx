import { useId, useState } from 'preact/hooks';
import type { Device } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { type DeviceKey, makeDeviceKey } from '../device-key/make-device-key.ts';
import { CopyButton, Field, Notice } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Preauth } from './devices.tsx';

type Way = 'made' | 'given';

/** Name it, and take the file: the key is made in this browser, or is one that somebody has already. */
export function AddDevice({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState('');
  const [way, setWay] = useState<Way>('made');
  const [given, setGiven] = useState('');
  const [isPreauth, setPreauth] = useState(true);
  const [made, setMade] = useState<DeviceKey | null>(null);
  const [added, setAdded] = useState<Device | null>(null);

  const add = async () => {
    const key = way === 'made' ? await makeDeviceKey(name.trim()) : null;
    const body = { name, key: key?.certificate ?? given, isPreauth };
    const { data } = await call<Device>('POST', '/account/devices', { body });
    setMade(key);
    setAdded(data);
    onAdded();
  };

  if (added !== null) return <Done device={added} made={made} onClose={onClose} />;
  return (
    <Dialog title="Add a device" onClose={onClose}>
      <WorkForm submit={way === 'made' ? 'Make its key' : 'Add it'} onSubmit={add} onCancel={onClose}>
        <Field
          label="What do you call it?"
          hint="Phone, or Thunderbird on the laptop."
          value={name}
          onValue={setName}
          required
          autoFocus
        />
        <WaySwitch way={way} onWay={setWay} />
        {way === 'given' ? <GivenKey name={name} value={given} onValue={setGiven} /> : null}
        <details>
          <summary>More</summary>
          <Preauth isOn={isPreauth} onChange={setPreauth} />
        </details>
      </WorkForm>
    </Dialog>
  );
}

function WaySwitch({ way, onWay }: { way: Way; onWay: (way: Way) => void }) {
  const id = useId();
  const choice = (value: Way, label: string, hint: string) => (
    <div class="choice">
      <input id={`${id}-${value}`} type="radio" name={id} checked={way === value} onChange={() => onWay(value)} />
      <label for={`${id}-${value}`}>
        {label}
        <span class="hint">{hint}</span>
      </label>
    </div>
  );
  return (
    <fieldset class="stack">
      <legend>Its key</legend>
      {choice(
        'made',
        'Make one here',
        'In this browser; the server sees only the public part. You get a file to import.',
      )}
      {choice('given', 'I have one', 'Made by the device itself, or with openssl.')}
    </fieldset>
  );
}

const shellWord = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'device';

function GivenKey({ name, value, onValue }: { name: string; value: string; onValue: (value: string) => void }) {
  const id = useId();
  const file = shellWord(name);
  const command = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7300 -subj /CN=${file} -keyout ${file}.key.pem -out ${file}.cert.pem`;
  const load = async (event: { readonly currentTarget: HTMLInputElement }) => {
    const [chosen] = event.currentTarget.files ?? [];
    if (chosen !== undefined) onValue(await chosen.text());
  };
  return (
    <>
      <div class="field">
        <label for={id}>Its certificate, or public key</label>
        <textarea
          id={id}
          class="code"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          placeholder="-----BEGIN CERTIFICATE-----"
          required
          spellcheck={false}
        />
        <span class="hint">In PEM. Keep the private key to yourself.</span>
      </div>
      <div class="field">
        <label for={`${id}-file`}>Or from a file</label>
        <input id={`${id}-file`} type="file" accept=".pem,.crt,.cer" onChange={load} />
      </div>
      <details>
        <summary>Make it with openssl</summary>
        <div class="stack">
          <pre>{command}</pre>
          <div class="actions">
            <CopyButton text={command} what="the command" />
          </div>
          <p class="quiet small">Then give {file}.cert.pem here, and both files to the program.</p>
        </div>
      </details>
    </>
  );
}

function Done({ device, made, onClose }: { device: Device; made: DeviceKey | null; onClose: () => void }) {
  const save = () => {
    if (made === null) return;
    const url = URL.createObjectURL(new Blob([made.file], { type: 'application/x-pkcs12' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${shellWord(device.name)}.p12`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return (
    <Dialog title={`${device.name} is added`} onClose={onClose}>
      {made === null ? (
        <Notice>Its key logs in from now on.</Notice>
      ) : (
        <>
          <Notice>Save the file now: it is nowhere else, and cannot be made again.</Notice>
          <ol class="stack">
            <li>
              <div class="actions">
                <button type="button" class="primary" onClick={save}>
                  Save {shellWord(device.name)}.p12
                </button>
              </div>
            </li>
            <li>
              Import it into the mail program, or the system. It asks for this password:
              <div class="secret">
                <span class="code">{made.password}</span>
                <CopyButton text={made.password} what="the password of the file" />
              </div>
            </li>
            <li>
              In the account’s settings choose “TLS certificate”, or “client certificate”, in the place of a password.
            </li>
          </ol>
        </>
      )}
      <div class="actions">
        <button type="button" class={made === null ? 'primary' : ''} onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
