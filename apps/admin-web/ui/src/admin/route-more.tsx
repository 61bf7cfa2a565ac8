import type { ComponentChildren } from 'preact';
import type { Route } from '../../../src/schemas/routes.ts';
import { Area, Choice, Field, Select } from '../parts/basics.tsx';
import type { KnownBy, RouteDraft } from './route-draft.ts';

interface RouteMoreProps {
  /** Null: a new one. */
  readonly route: Route | null;
  readonly draft: RouteDraft;
  readonly set: (change: Partial<RouteDraft>) => void;
  /** Something of it is set. */
  readonly isOpen: boolean;
}

const KNOWN = [
  ['host', 'a certificate for the host’s own name'],
  ['names', 'a certificate for another name'],
  ['keys', 'its public key, whatever its certificate says'],
] as const satisfies readonly (readonly [KnownBy, string])[];

/** What few routes need. */
export function RouteMore({ route, draft, set, isOpen }: RouteMoreProps) {
  const { isToDomains, tls, proxy } = draft;
  return (
    <details open={isOpen}>
      <summary>More</summary>
      <div class="stack">
        {isToDomains ? null : (
          <>
            {tls === 'implicit' || tls === 'starttls' ? <KnownFields draft={draft} set={set} /> : null}
            <LoginFields route={route} draft={draft} set={set} />
          </>
        )}
        <Part title="Where it comes from">
          <Area
            label="Source addresses"
            hint="One a line, of those that the machine has; after = the name that EHLO says from there. Empty: the system chooses."
            value={draft.sources}
            onValue={(text) => set({ sources: text })}
            placeholder="192.0.2.2=out2.example.com"
            rows={2}
          />
          <Field
            label="SOCKS5 proxy"
            hint="Host and port. Empty: none."
            value={proxy}
            onValue={(text) => set({ proxy: text })}
            placeholder="127.0.0.1:1080"
          />
          {proxy.trim() === '' ? null : <ProxyFields route={route} draft={draft} set={set} />}
        </Part>
        <Part title="How it is used">
          {isToDomains ? null : (
            <Choice
              label="It is told who submitted a message"
              hint="MAIL AUTH= (RFC 4954). Only for servers of your own, or that you trust as much."
              isOn={draft.isTrusted}
              onChange={(isTrusted) => set({ isTrusted })}
            />
          )}
          <Field
            label="Transactions at the same time"
            hint="Of each relay process, from 1 to 10. Empty: as everywhere."
            value={draft.connections}
            onValue={(text) => set({ connections: text })}
            inputMode="numeric"
          />
          <Field
            label="Recipients in a transaction"
            hint="From 1 to 1,000. Empty: as everywhere."
            value={draft.recipients}
            onValue={(text) => set({ recipients: text })}
            inputMode="numeric"
          />
        </Part>
      </div>
    </details>
  );
}

type FieldsProps = Pick<RouteMoreProps, 'draft' | 'set'>;

function KnownFields({ draft: { knownBy, tlsNames, authorities, pinnedKeys }, set }: FieldsProps) {
  return (
    <Part title="How it is known">
      <Select
        label="It has to show"
        value={knownBy}
        options={KNOWN}
        onValue={(by) => set({ knownBy: KNOWN.find(([each]) => each === by)?.[0] ?? 'host' })}
      />
      {knownBy === 'names' ? (
        <Field
          label="Names"
          hint="Its certificate is for one of these."
          value={tlsNames}
          onValue={(text) => set({ tlsNames: text })}
          placeholder="mail.example.net"
          required
        />
      ) : null}
      {knownBy === 'keys' ? (
        <Area
          label="SHA-256 of its public key"
          hint="In hexadecimal or base64, one a line: the one that it has, and the next one, if it is known."
          value={pinnedKeys}
          onValue={(text) => set({ pinnedKeys: text })}
          rows={2}
          required
        />
      ) : (
        <Area
          label="Authorities"
          hint="Certificates in PEM, of those who vouch for it. Empty: the ones that everybody knows."
          value={authorities}
          onValue={(text) => set({ authorities: text })}
          placeholder="-----BEGIN CERTIFICATE-----"
          rows={2}
        />
      )}
    </Part>
  );
}

function LoginFields({ route, draft, set }: Omit<RouteMoreProps, 'isOpen'>) {
  const { token, dropsToken, actAs, mechanisms, certificate, clientKey, tls } = draft;
  const hasKey = route?.secrets.includes('clientKey') ?? false;
  return (
    <Part title="How it is logged in to">
      <SecretField
        label="Access token"
        none="Of OAuth, in the place of a password (OAUTHBEARER, XOAUTH2). It is sealed, and shown to nobody."
        isThere={route?.secrets.includes('token') ?? false}
        value={token}
        onValue={(text) => set({ token: text })}
        isDropped={dropsToken}
        onDrop={(isDropped) => set({ dropsToken: isDropped })}
      />
      <Field
        label="Act as"
        hint="Somebody else there, whom the user may act for. Empty: nobody."
        value={actAs}
        onValue={(text) => set({ actAs: text })}
        autocomplete="off"
      />
      <Field
        label="Mechanisms"
        hint="Of SASL, these alone. Empty: all but CRAM-MD5 and DIGEST-MD5."
        value={mechanisms}
        onValue={(text) => set({ mechanisms: text })}
        placeholder="SCRAM-SHA-256, PLAIN"
      />
      {tls === 'none' ? null : (
        <Area
          label="Certificate of ours"
          hint="In PEM, to log in with by TLS. Empty: none is shown."
          value={certificate}
          onValue={(text) => set({ certificate: text })}
          placeholder="-----BEGIN CERTIFICATE-----"
          rows={2}
        />
      )}
      {tls === 'none' || certificate.trim() === '' ? null : (
        <Area
          label="Its private key"
          hint={
            hasKey
              ? 'There is one, which nobody is shown. Empty: it stays.'
              : 'In PEM, without a passphrase. It is sealed, and shown to nobody.'
          }
          value={clientKey}
          onValue={(text) => set({ clientKey: text })}
          placeholder="-----BEGIN PRIVATE KEY-----"
          rows={2}
        />
      )}
    </Part>
  );
}

function ProxyFields({ route, draft: { proxyUser, proxyPassword }, set }: Omit<RouteMoreProps, 'isOpen'>) {
  return (
    <>
      <Field
        label="User name at the proxy"
        hint="Empty: nobody logs in there."
        value={proxyUser}
        onValue={(text) => set({ proxyUser: text })}
        autocomplete="off"
      />
      {proxyUser.trim() === '' ? null : (
        <SecretField
          label="Password at the proxy"
          none="It is sealed, and shown to nobody."
          isThere={route?.secrets.includes('proxyPassword') ?? false}
          value={proxyPassword}
          onValue={(text) => set({ proxyPassword: text })}
        />
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <fieldset class="stack">
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

interface SecretFieldProps {
  readonly label: string;
  /** What is said where there is none yet. */
  readonly none: string;
  readonly isThere: boolean;
  readonly value: string;
  readonly onValue: (value: string) => void;
  /** With what it belongs to it goes too; if not given, only so. */
  readonly isDropped?: boolean;
  readonly onDrop?: (isDropped: boolean) => void;
}

/** A secret is given, and never shown. */
export function SecretField({ label, none, isThere, value, onValue, isDropped = false, onDrop }: SecretFieldProps) {
  return (
    <>
      {isDropped ? null : (
        <Field
          label={label}
          hint={isThere ? 'There is one, which nobody is shown. Empty: it stays; without the user name it goes.' : none}
          type="password"
          value={value}
          onValue={onValue}
          autocomplete="new-password"
        />
      )}
      {isThere && onDrop !== undefined ? (
        <Choice label={`Remove the ${label.toLowerCase()}`} isOn={isDropped} onChange={onDrop} />
      ) : null}
    </>
  );
}
