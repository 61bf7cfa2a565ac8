import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const NullableNumber = Type.Union([Type.Number(), Type.Null()]);
const Name = Type.String({ minLength: 1, maxLength: 400 });
const strict = { additionalProperties: false } as const;

export const Overview = Type.Object({
  services: Type.Array(
    Type.Object({ name: Type.String(), state: Type.String({ description: '`ready`, or what it is instead' }) }),
  ),
  accounts: Type.Integer(),
  disabledAccounts: Type.Integer(),
  domains: Type.Integer(),
  usedOctets: Type.Number(),
  lastMailIn: NullableString,
  lastMailOut: NullableString,
  limitedNetworks: Type.Integer({ description: 'from which too many logins have failed' }),
  queue: Type.Object({ waiting: Type.Integer(), held: Type.Integer(), oldestSeconds: Type.Number() }),
  disks: Type.Array(Type.Object({ what: Type.String(), freeOctets: Type.Number(), totalOctets: Type.Number() })),
});
export type Overview = Static<typeof Overview>;

/** RFC 8461 §5. */
const MtaSts = Type.Union([Type.Literal('testing'), Type.Literal('enforce'), Type.Literal('none')]);

export const Domain = Type.Object({
  name: Type.String(),
  catchall: NullableString,
  separators: Type.String(),
  isCaseSensitive: Type.Boolean(),
  isDisabled: Type.Boolean(),
  mtaSts: MtaSts,
  addresses: Type.Integer(),
  aliases: Type.Integer(),
});
export type Domain = Static<typeof Domain>;
export const NewDomain = Type.Object({ name: Name }, strict);
export const ChangedDomain = Type.Object(
  {
    catchall: Type.Optional(Type.Union([Name, Type.Null()])),
    separators: Type.Optional(Type.String({ maxLength: 20 })),
    isCaseSensitive: Type.Optional(Type.Boolean()),
    isDisabled: Type.Optional(Type.Boolean({ description: 'mail for it waits with its senders; for owners' })),
    mtaSts: Type.Optional(MtaSts),
  },
  strict,
);

export const AccountRow = Type.Object({
  name: Type.String(),
  addresses: Type.Array(Type.String()),
  usedOctets: Type.Number(),
  usedMessages: Type.Number(),
  createdAt: Type.String(),
  isDisabled: Type.Boolean(),
  role: Type.String(),
  administers: Type.Array(Type.String(), { description: 'domains, of a domain-admin' }),
});
export type AccountRow = Static<typeof AccountRow>;

const RoleName = Type.Union([Type.Literal('account'), Type.Literal('domain-admin'), Type.Literal('owner')]);

const Limit = Type.Object({
  limit: NullableNumber,
  isOwn: Type.Boolean({ description: 'not the default of all' }),
});

export const AccountDetails = Type.Object({
  name: Type.String(),
  addresses: Type.Array(Type.Object({ address: Type.String(), mailbox: NullableString })),
  createdAt: Type.String(),
  isDisabled: Type.Boolean(),
  role: RoleName,
  administers: Type.Array(Type.String(), { description: 'domains, of a domain-admin' }),
  hasSecondFactor: Type.Boolean({ description: 'one-time codes are asked for in the web' }),
  octets: Limit,
  messages: Limit,
  mailboxes: Limit,
  messagesADay: Limit,
  newRecipientsADay: Limit,
  messageOctets: Limit,
  keepsSent: Type.Boolean({ description: 'a copy of what it sends is put into its mailbox for that' }),
  retentionDays: Limit,
  retentionOctets: Limit,
});
export type AccountDetails = Static<typeof AccountDetails>;

/** Not part of the details: it changes with every message, and they are changed on the condition that they did not. */
export const AccountUse = Type.Object({
  octets: Type.Number(),
  messages: Type.Number(),
  mailboxes: Type.Number(),
  limitOctets: NullableNumber,
  limitMessages: NullableNumber,
});
export type AccountUse = Static<typeof AccountUse>;

export const NewAccount = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    address: Name,
    password: Type.Optional(Type.String({ maxLength: 1_000, description: 'made up, if left out' })),
  },
  strict,
);
export const MadeAccount = Type.Object({
  name: Type.String(),
  password: Type.Union([Type.String(), Type.Null()], { description: 'the one that was made up, shown this once' }),
});
const LimitChange = Type.Optional(
  Type.Union([Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }), Type.Literal('default'), Type.Null()], {
    description: 'null: none; default: what all have',
  }),
);
const RetentionChange = (maximum: number) =>
  Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum }), Type.Null()], { description: 'null: the default of all' }),
  );
export const ChangedAccount = Type.Object(
  {
    isDisabled: Type.Optional(Type.Boolean()),
    role: Type.Optional(RoleName),
    administers: Type.Optional(Type.Array(Name, { maxItems: 1_000, description: 'domains, of a domain-admin' })),
    octets: LimitChange,
    messages: LimitChange,
    mailboxes: LimitChange,
    messagesADay: LimitChange,
    newRecipientsADay: LimitChange,
    messageOctets: LimitChange,
    keepsSent: Type.Optional(Type.Boolean()),
    retentionDays: RetentionChange(36_500),
    retentionOctets: RetentionChange(Number.MAX_SAFE_INTEGER),
  },
  strict,
);
export const GivenPassword = Type.Object(
  { password: Type.Optional(Type.String({ maxLength: 1_000, description: 'made up, if left out' })) },
  strict,
);

export const Address = Type.Object({ address: Type.String(), account: Type.String(), mailbox: NullableString });
export type Address = Static<typeof Address>;
export const NewAddress = Type.Object(
  { address: Name, account: Name, mailbox: Type.Optional(Type.Union([Name, Type.Null()])) },
  strict,
);

export const ChangedAddress = Type.Object(
  { account: Type.Optional(Name), mailbox: Type.Optional(Type.Union([Name, Type.Null()])) },
  strict,
);

export const Alias = Type.Object({
  address: Type.String(),
  posters: Type.String(),
  isList: Type.Boolean(),
  showsMembers: Type.Boolean(),
  maySendAs: Type.Boolean(),
  members: Type.Integer(),
  elsewhere: Type.Integer(),
});
export type Alias = Static<typeof Alias>;
export const AliasDetails = Type.Object({
  ...Alias.properties,
  entries: Type.Array(
    Type.Object({ address: Type.String(), isMember: Type.Boolean(), mayPost: Type.Boolean(), isLocal: Type.Boolean() }),
  ),
});
export type AliasDetails = Static<typeof AliasDetails>;
export const NewAlias = Type.Object(
  { address: Name, members: Type.Array(Name, { minItems: 1, maxItems: 100 }) },
  strict,
);
export const ChangedAlias = Type.Object(
  {
    posters: Type.Optional(Type.Union([Type.Literal('anyone'), Type.Literal('members'), Type.Literal('named')])),
    isList: Type.Optional(Type.Boolean()),
    showsMembers: Type.Optional(Type.Boolean()),
    maySendAs: Type.Optional(Type.Boolean()),
    addMembers: Type.Optional(Type.Array(Name, { maxItems: 100 })),
    removeMembers: Type.Optional(Type.Array(Name, { maxItems: 100 })),
    addPosters: Type.Optional(Type.Array(Name, { maxItems: 100, description: 'who may post, where they are named' })),
    removePosters: Type.Optional(Type.Array(Name, { maxItems: 100 })),
  },
  strict,
);

export const LimitedNetwork = Type.Object({
  network: Type.String(),
  failures: Type.Integer(),
  refusedUntil: Type.String(),
});
export type LimitedNetwork = Static<typeof LimitedNetwork>;
export const ClearLimits = Type.Object(
  {
    network: Type.Union([Type.String({ maxLength: 100 }), Type.Null()], {
      description: 'as CIDR, or an address; null: all',
    }),
  },
  strict,
);

export const Change = Type.Object({
  at: Type.String(),
  door: Type.String(),
  actor: Type.String(),
  token: NullableString,
  origin: NullableString,
  kind: Type.String(),
  name: Type.String(),
  before: Type.Union([Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true })), Type.Null()]),
  after: Type.Union([Type.Unsafe<unknown>(Type.Object({}, { additionalProperties: true })), Type.Null()]),
});
export type Change = Static<typeof Change>;

export const QueueEntry = Type.Object({
  id: Type.Integer(),
  message: Type.String(),
  account: NullableString,
  reversePath: Type.String(),
  forwardPath: Type.String(),
  state: Type.String(),
  isInHand: Type.Boolean(),
  sizeOctets: Type.Number(),
  queuedAt: Type.String(),
  nextAttemptAt: NullableString,
  attempts: Type.Integer(),
  lastReply: NullableString,
  lastMta: NullableString,
});
export type QueueEntry = Static<typeof QueueEntry>;
export const QueueChange = Type.Object(
  {
    change: Type.Union([Type.Literal('retry'), Type.Literal('hold'), Type.Literal('release'), Type.Literal('drop')]),
    ids: Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), { minItems: 1, maxItems: 1_000 }),
  },
  strict,
);
export const QueueChanged = Type.Object({ ids: Type.Array(Type.Integer(), { description: 'to which it was done' }) });
