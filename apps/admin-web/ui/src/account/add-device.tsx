import { useId, useState } from 'preact/hooks';
import type { Device, Setup } from '../../../src/schemas/account.ts';
import { call } from '../api.ts';
import { appleProfile } from '../device-key/apple-profile.ts';
import { type DeviceKey, makeDeviceKey } from '../device-key/make-device-key.ts';
import { CopyButton, Field, Notice, Show } from '../parts/basics.tsx';
import { Dialog, WorkForm } from '../parts/dialog.tsx';
import { Secret } from '../parts/secret.tsx';
import { saveFile } from '../save-file.ts';
import { t } from '../texts/texts.ts';
import { useData } from '../use-data.ts';
import { Preauth } from './devices.tsx';

type Way = 'made' | 'given';

/** Browsers make keys on pages that came by TLS, or from this machine. */
const canMakeKeys = () => window.isSecureContext;

/** Name it, and take the file: the key is made in this browser, or is one that somebody has already. */
export function AddDevice({ onClose, onAdded }: { onClose: () => void; onAdded: () => void }) {
  const [name, setName] = useState('');
  const [way, setWay] = useState<Way>(canMakeKeys() ? 'made' : 'given');
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
    <Dialog title={t.devices.add} onClose={onClose}>
      <WorkForm submit={way === 'made' ? t.devices.makeKey : t.devices.addIt} onSubmit={add} onCancel={onClose}>
        <Field
          label={t.devices.whatName}
          hint={t.devices.whatNameHint}
          value={name}
          onValue={setName}
          required
          autoFocus
        />
        {canMakeKeys() ? <WaySwitch way={way} onWay={setWay} /> : <Notice kind="warn">{t.devices.cannotMake}</Notice>}
        {way === 'given' ? <GivenKey name={name} value={given} onValue={setGiven} /> : null}
        <details>
          <summary>{t.devices.more}</summary>
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
      <legend>{t.devices.itsKey}</legend>
      {choice('made', t.devices.make, t.devices.makeHint)}
      {choice('given', t.devices.given, t.devices.givenHint)}
    </fieldset>
  );
}

const shellWord = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'device';

const opensslCommands = (file: string) =>
  [
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 7300 -subj /CN=${file} -keyout ${file}.key.pem -out ${file}.cert.pem`,
    `openssl pkcs12 -export -in ${file}.cert.pem -inkey ${file}.key.pem -name ${file} -out ${file}.p12`,
  ].join('\n');

function GivenKey({ name, value, onValue }: { name: string; value: string; onValue: (value: string) => void }) {
  const id = useId();
  const file = shellWord(name);
  const command = opensslCommands(file);
  const load = async (event: { readonly currentTarget: HTMLInputElement }) => {
    const [chosen] = event.currentTarget.files ?? [];
    if (chosen !== undefined) onValue(await chosen.text());
  };
  return (
    <>
      <div class="field">
        <label for={id}>{t.devices.certificate}</label>
        <textarea
          id={id}
          class="code"
          value={value}
          onInput={(event) => onValue(event.currentTarget.value)}
          placeholder="-----BEGIN CERTIFICATE-----"
          aria-describedby={`${id}-hint`}
          required
          spellcheck={false}
        />
        <span class="hint" id={`${id}-hint`}>
          {t.devices.certificateHint}
        </span>
      </div>
      <div class="field">
        <label for={`${id}-file`}>{t.devices.fromFile}</label>
        <input id={`${id}-file`} type="file" accept=".pem,.crt,.cer" onChange={load} />
      </div>
      <details open={!canMakeKeys()}>
        <summary>{t.devices.openssl}</summary>
        <div class="stack">
          <pre>{command}</pre>
          <div class="actions">
            <CopyButton text={command} what={t.devices.theCommand} />
          </div>
          <p class="quiet small">{t.devices.opensslThen(file)}</p>
        </div>
      </details>
    </>
  );
}

function Done({ device, made, onClose }: { device: Device; made: DeviceKey | null; onClose: () => void }) {
  const file = shellWord(device.name);
  return (
    <Dialog title={t.devices.isAdded(device.name)} onClose={onClose}>
      {made === null ? (
        <Notice>{t.devices.logsInNow}</Notice>
      ) : (
        <>
          <Notice>{t.devices.saveNow}</Notice>
          <ol class="stack">
            <li>
              <div class="actions">
                <button
                  type="button"
                  class="primary"
                  onClick={() => saveFile(`${file}.p12`, 'application/x-pkcs12', made.file)}
                >
                  {t.devices.saveFile(`${file}.p12`)}
                </button>
              </div>
            </li>
            <li>
              {t.devices.importIt}
              <Secret text={made.password} what={t.devices.filePassword} />
            </li>
            <li>{t.devices.chooseIt}</li>
          </ol>
          <AppleProfile device={device} made={made} file={file} />
        </>
      )}
      <div class="actions">
        <button type="button" class={made === null ? 'primary' : ''} onClick={onClose}>
          {t.parts.done}
        </button>
      </div>
    </Dialog>
  );
}

/** The same key with the settings of the account, for systems of Apple. */
function AppleProfile({ device, made, file }: { device: Device; made: DeviceKey; file: string }) {
  const setup = useData<Setup>('/account/setup');
  return (
    <details>
      <summary>{t.devices.profile}</summary>
      <Show of={setup}>
        {({ userName, address, incoming: [incoming], outgoing: [outgoing] }) => {
          if (address === null || incoming === undefined || outgoing === undefined)
            return <p class="quiet small">{t.devices.noProfile}</p>;
          const save = () => {
            const source = { deviceName: device.name, identity: made.file, userName, address, incoming, outgoing };
            saveFile(`${file}.mobileconfig`, 'application/x-apple-aspen-config', appleProfile(source));
          };
          return (
            <div class="stack">
              <p class="quiet small">{t.devices.profileHint}</p>
              <div class="actions">
                <button type="button" onClick={save}>
                  {t.devices.saveFile(`${file}.mobileconfig`)}
                </button>
              </div>
            </div>
          );
        }}
      </Show>
    </details>
  );
}
