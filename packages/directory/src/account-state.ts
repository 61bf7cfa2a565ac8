import { type Sql, type Transaction, textArray } from '@postel/storage';
import { formatAddress } from './address.ts';
import type { State, Subject } from './change-record.ts';
import type { Role } from './directory.ts';

/** A limit: its number; that there is none; or what all have. */
export type LimitState = number | 'none' | 'default';

/** All that the directory has of an account, but for secrets and for what changes by use. */
export interface AccountState {
  readonly role: Role;
  /** Domains, by name: of a `domain-admin`. */
  readonly administers: readonly string[];
  readonly disabled: boolean;
  /** Since when it is what it is, in ISO 8601; null: there is none. */
  readonly passwordSince: string | null;
  /** By address, sorted: where its mail goes; null: to INBOX. */
  readonly addresses: Readonly<Record<string, { readonly mailbox: string | null }>>;
  /** By name. */
  readonly appPasswords: Readonly<Record<string, AppPasswordState>>;
  /** By fingerprint. */
  readonly keys: Readonly<Record<string, KeyState>>;
  readonly quota: { readonly octets: LimitState; readonly messages: LimitState; readonly mailboxes: LimitState };
  readonly sending: {
    readonly messagesADay: LimitState;
    readonly newRecipientsADay: LimitState;
    readonly messageOctets: LimitState;
  };
  readonly keepsSent: boolean;
  readonly retention: { readonly days: LimitState; readonly octets: LimitState };
}

type AppPasswordState = {
  readonly since: string;
  readonly service: 'imap' | 'smtp' | null;
  readonly expiresAt: string | null;
  readonly networks: readonly string[] | null;
  readonly isShared: boolean;
};

export type KeyState = {
  readonly name: string;
  /** SubjectPublicKeyInfo in DER, in base64. */
  readonly publicKey: string;
  readonly keyType: string;
  readonly loginAddress: string | null;
  readonly isImapPreauth: boolean;
};

/** An account of that name, as a subject of changes. */
export function accountSubject(name: string): Subject {
  return {
    kind: 'account',
    name,
    read: async (tx) => (await readAccountStates(tx, [name])).get(name) ?? null,
    readAll: readAccountStates,
  };
}

async function readAccountStates(tx: Transaction, names: readonly string[]): Promise<ReadonlyMap<string, State>> {
  return new Map((await selectAccountStates(tx, names)).map(({ name, state }) => [name, { ...state }]));
}

/** Whether it is the account's own, and what it is. */
type LimitPair = readonly [boolean | null, number | null];

interface AccountRow extends Pick<AccountState, 'role' | 'administers' | 'disabled' | 'passwordSince' | 'keepsSent'> {
  readonly addresses: readonly AddressRow[] | null;
  readonly appPasswords: readonly (AppPasswordState & { readonly name: string })[] | null;
  readonly keys: readonly (KeyState & { readonly fingerprint: string })[] | null;
  readonly quota: { readonly [limit in keyof AccountState['quota']]: LimitPair };
  readonly sending: { readonly [limit in keyof AccountState['sending']]: LimitPair };
  readonly retention: { readonly [limit in keyof AccountState['retention']]: LimitPair };
}

interface AddressRow {
  readonly localPart: string;
  readonly domain: string;
  readonly mailbox: string | null;
}

/** By name. @param names null: all */
export async function selectAccountStates(
  sql: Sql['read'] | Transaction,
  names: readonly string[] | null,
): Promise<readonly { readonly name: string; readonly state: AccountState }[]> {
  // Two statements in effect: one for both would read all accounts each time.
  const isWanted = names === null ? sql`true` : sql`a.name = any(${textArray(names)}::text[])`;
  const rows = await sql<{ name: string; state: string }[]>`
    select a.name,
           json_build_object(
             'role', a.role, 'disabled', a.is_disabled,
             'administers', array(select d.name from administered_domains as g join domains as d using (domain_id)
                                   where g.account_id = a.account_id order by d.name collate "C"),
             'passwordSince', (select to_char(created_at at time zone 'UTC', ${ISO_8601}::text) from credentials as c
                                where c.account_id = a.account_id and kind = 'password'),
             'addresses', (select json_agg(json_build_object('localPart', o.local_part, 'domain', d.name, 'mailbox', b.name)
                                           order by d.name, o.local_part)
                             from addresses as o join domains as d using (domain_id)
                             left join mailboxes as b on b.account_id = o.account_id and b.mailbox_id = o.mailbox_id
                                                     and b.expunged_seq is null
                            where o.account_id = a.account_id),
             'appPasswords', (select json_agg(json_build_object(
                                       'name', c.name, 'since', to_char(created_at at time zone 'UTC', ${ISO_8601}::text),
                                       'service', case when not may_use_smtp then 'imap' when not may_use_imap then 'smtp' end,
                                       'expiresAt', to_char(expires_at at time zone 'UTC', ${ISO_8601}::text),
                                       'networks', to_json(networks::text[]), 'isShared', shared_secret is not null)
                                     order by c.name collate "C")
                                from credentials as c where c.account_id = a.account_id and kind = 'app-password'),
             'keys', (select json_agg(json_build_object(
                               'fingerprint', translate(rtrim(encode(fingerprint, 'base64'), '='), '+/', '-_'),
                               'name', k.name, 'publicKey', translate(encode(subject_public_key_info, 'base64'), E'\\n', ''),
                               'keyType', key_type, 'loginAddress', login_address, 'isImapPreauth', is_imap_preauth)
                             order by fingerprint)
                        from tls_public_keys as k where k.account_id = a.account_id),
             'quota', json_build_object('octets', json_build_array(a.has_own_quota_octets, a.quota_octets),
                                        'messages', json_build_array(a.has_own_quota_messages, a.quota_messages),
                                        'mailboxes', json_build_array(a.has_own_quota_mailboxes, a.quota_mailboxes)),
             'sending', json_build_object(
                          'messagesADay', json_build_array(s.has_own_messages_a_day, s.messages_a_day),
                          'newRecipientsADay', json_build_array(s.has_own_new_recipients_a_day, s.new_recipients_a_day),
                          'messageOctets', json_build_array(s.has_own_message_octets, s.message_octets)),
             'keepsSent', coalesce(s.keeps_sent, false),
             'retention', json_build_object(
                            'days', json_build_array(a.retention_days is not null, a.retention_days),
                            'octets', json_build_array(a.retained_octets_limit is not null, a.retained_octets_limit))
           )::text as state
      from accounts as a left join submission_settings as s using (account_id)
     where ${isWanted}
     order by a.name collate "C"`;
  return rows.map((row) => ({ name: row.name, state: accountState(JSON.parse(row.state)) }));
}

const ISO_8601 = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

function accountState({ role, administers, disabled, passwordSince, keepsSent, ...row }: AccountRow): AccountState {
  const addresses = (row.addresses ?? []).map(
    ({ mailbox, ...address }) => [formatAddress(address), { mailbox }] as const,
  );
  const { quota, sending, retention } = row;
  return {
    role,
    administers,
    disabled,
    passwordSince,
    addresses: Object.fromEntries(addresses),
    appPasswords: Object.fromEntries((row.appPasswords ?? []).map(({ name, ...password }) => [name, password])),
    keys: Object.fromEntries((row.keys ?? []).map(({ fingerprint, ...key }) => [fingerprint, key])),
    quota: {
      octets: limitState(quota.octets),
      messages: limitState(quota.messages),
      mailboxes: limitState(quota.mailboxes),
    },
    sending: {
      messagesADay: limitState(sending.messagesADay),
      newRecipientsADay: limitState(sending.newRecipientsADay),
      messageOctets: limitState(sending.messageOctets),
    },
    keepsSent,
    retention: { days: limitState(retention.days), octets: limitState(retention.octets) },
  };
}

const limitState = ([isOwn, limit]: LimitPair): LimitState => (isOwn === true ? (limit ?? 'none') : 'default');
