import { type Static, Type } from 'typebox';

const NullableString = Type.Union([Type.String(), Type.Null()]);
const Texts = Type.Array(Type.String());
const Name = Type.String({ minLength: 1, maxLength: 400 });
const Text = Type.String({ minLength: 1, maxLength: 1_000 });
/** No more than a request may have. */
const Pem = Type.String({ minLength: 1, maxLength: 48 * 1024 });
const few = { maxItems: 100 } as const;
const strict = { additionalProperties: false } as const;
const orNull = <Schema extends ReturnType<typeof Type.String | typeof Type.Integer>>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);

const Mode = Type.Union([
  Type.Literal('implicit'),
  Type.Literal('starttls'),
  Type.Literal('opportunistic'),
  Type.Literal('none'),
]);

export const Route = Type.Object({
  name: Type.String(),
  hosts: Type.Array(Type.String(), {
    description: 'smarthosts, `host:port`, in their order; none: the servers of each domain',
  }),
  tls: Type.String({ description: 'implicit, starttls, opportunistic or none' }),
  tlsNames: Texts,
  authorities: NullableString,
  pinnedKeys: Type.Array(Type.String(), { description: '`sha256:` and the fingerprint of a public key, in base64url' }),
  user: NullableString,
  actAs: NullableString,
  mechanisms: Type.Union([Texts, Type.Null()]),
  certificate: NullableString,
  sources: Type.Record(Type.String(), NullableString, { description: 'by address: what EHLO says from there' }),
  proxy: NullableString,
  proxyUser: NullableString,
  isTrusted: Type.Boolean({ description: 'it is told who submitted a message (RFC 4954 §5)' }),
  connections: Type.Union([Type.Integer(), Type.Null()]),
  recipients: Type.Union([Type.Integer(), Type.Null()]),
  secrets: Type.Array(Type.String(), { description: 'which there are: password, token, clientKey, proxyPassword' }),
  revision: Type.Integer(),
  isDefault: Type.Boolean(),
  rules: Type.Integer({ description: 'that name it' }),
});
export type Route = Static<typeof Route>;

const settings = {
  hosts: Type.Optional(Type.Array(Name, few)),
  tls: Type.Optional(Mode),
  tlsNames: Type.Optional(Type.Array(Name, few)),
  authorities: Type.Optional(orNull(Pem)),
  pinnedKeys: Type.Optional(Type.Array(Name, few)),
  user: Type.Optional(orNull(Text)),
  actAs: Type.Optional(orNull(Text)),
  mechanisms: Type.Optional(Type.Union([Type.Array(Name, few), Type.Null()])),
  certificate: Type.Optional(orNull(Pem)),
  sources: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), orNull(Name))),
  proxy: Type.Optional(orNull(Name)),
  proxyUser: Type.Optional(orNull(Text)),
  isTrusted: Type.Optional(Type.Boolean()),
  connections: Type.Optional(orNull(Type.Integer())),
  recipients: Type.Optional(orNull(Type.Integer())),
};
const Secret = Type.Optional(Type.Union([Pem, Type.Null()], { description: 'null: none from now on' }));
const Secrets = Type.Object(
  { password: Secret, token: Secret, clientKey: Secret, proxyPassword: Secret },
  { ...strict, description: 'they are told to nobody' },
);
export const NewRoute = Type.Object({ name: Name, ...settings, secrets: Type.Optional(Secrets) }, strict);
export const ChangedRoute = Type.Object({ ...settings, secrets: Type.Optional(Secrets) }, strict);
export type ChangedRoute = Static<typeof ChangedRoute>;

const Rule = Type.Object(
  {
    sender: orNull(Type.String({ maxLength: 400, description: 'an address, a domain, *.DOMAIN or <>; null: any' })),
    recipient: orNull(Type.String({ maxLength: 400 })),
    account: orNull(Name),
    route: Name,
  },
  strict,
);
export const Routing = Type.Object({
  rules: Type.Array(Rule, { description: 'the first counts that matches' }),
  defaultRoute: Type.String({ description: 'where everything else goes; `direct` is built in' }),
});
export type Routing = Static<typeof Routing>;
export const NewRule = Type.Object(
  { ...Rule.properties, position: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })) },
  strict,
);
export const NewDefault = Type.Object({ route: Name }, strict);

export const RouteTest = Type.Object(
  {
    to: Type.Optional(Name),
    from: Type.Optional(Type.String({ maxLength: 400 })),
    send: Type.Optional(Type.Boolean({ description: 'a short message is sent' })),
  },
  strict,
);
export const TestedRoute = Type.Object({
  works: Type.Boolean(),
  steps: Type.Array(Type.Object({ text: Type.String(), isFailure: Type.Boolean() })),
});
export type TestedRoute = Static<typeof TestedRoute>;
