import type { SettingReader } from '@postel/config';
import {
  DIRECT_ROUTE,
  DIRECT_SETTINGS,
  type DirectoryState,
  ROUTE_SECRET_NAMES,
  ROUTE_TLS_MODES,
  type RouteRulesState,
  type RouteSettings,
} from '@postel/directory';
import type { RouteSecrets } from '@postel/routes';

/** A route as a file declares it, with its secrets in the clear if it has some. */
export function declaredRoute(route: SettingReader): {
  readonly settings: RouteSettings;
  readonly secrets: RouteSecrets | null;
} {
  const text = (name: string) => (route.has(name) ? route.at(name).text() : null);
  const texts = (name: string) => (route.has(name) ? route.at(name).list((item) => item.text()) : []);
  const number = (name: string) => (route.has(name) ? route.at(name).integer(1) : null);
  const sources = route.has('sources')
    ? route.at('sources').record((name) => (name.is(null) ? null : name.text()))
    : {};
  const settings = {
    hosts: texts('hosts'),
    tls: route.has('tls') ? route.at('tls').oneOf(...ROUTE_TLS_MODES) : DIRECT_SETTINGS.tls,
    tlsNames: texts('tlsNames'),
    authorities: text('authorities'),
    pinnedKeys: texts('serverKeys'),
    user: text('user'),
    actAs: text('actAs'),
    mechanisms: route.has('mechanisms') ? texts('mechanisms') : null,
    certificate: text('certificate'),
    sources,
    proxy: text('proxy'),
    proxyUser: text('proxyUser'),
    isTrusted: route.has('trusted') && route.at('trusted').boolean(),
    connections: number('connections'),
    recipients: number('recipients'),
  };
  if (!route.has('secrets')) return { settings, secrets: null };
  const secrets = route.at('secrets');
  const given = ROUTE_SECRET_NAMES.flatMap((name) => (secrets.has(name) ? [[name, secrets.at(name).text()]] : []));
  return { settings, secrets: Object.fromEntries(given) };
}

export function declaredRouting(routing: SettingReader): RouteRulesState {
  const rules = routing.has('rules')
    ? routing.at('rules').list((rule) => {
        const text = (name: string) => (rule.has(name) ? rule.at(name).text() : null);
        return {
          sender: text('sender'),
          recipient: text('recipient'),
          account: text('account'),
          route: rule.at('route').text(),
        };
      })
    : [];
  return { rules, defaultRoute: routing.has('default') ? routing.at('default').text() : DIRECT_ROUTE };
}

/** @param secrets null: none are to be in it */
export function declareRoute(route: RouteSettings, secrets: RouteSecrets | null) {
  const { hosts, tls, tlsNames, authorities, pinnedKeys, user, actAs, mechanisms, certificate, sources } = route;
  const { proxy, proxyUser, isTrusted, connections, recipients } = route;
  const hasSecrets = secrets !== null && Object.keys(secrets).length > 0;
  return {
    ...(hosts.length === 0 ? {} : { hosts, tls }),
    ...(tlsNames.length === 0 ? {} : { tlsNames }),
    ...(authorities === null ? {} : { authorities }),
    ...(pinnedKeys.length === 0 ? {} : { serverKeys: pinnedKeys }),
    ...(user === null ? {} : { user }),
    ...(actAs === null ? {} : { actAs }),
    ...(mechanisms === null ? {} : { mechanisms }),
    ...(certificate === null ? {} : { certificate }),
    ...(Object.keys(sources).length === 0 ? {} : { sources: new Map(Object.entries(sources)) }),
    ...(proxy === null ? {} : { proxy }),
    ...(proxyUser === null ? {} : { proxyUser }),
    ...(isTrusted ? { trusted: true } : {}),
    ...(connections === null ? {} : { connections }),
    ...(recipients === null ? {} : { recipients }),
    ...(hasSecrets ? { secrets } : {}),
  };
}

export function declareRouting({ rules, defaultRoute }: DirectoryState['routing']) {
  return {
    default: defaultRoute,
    rules: rules.map(({ sender, recipient, account, route }) => ({
      ...(sender === null ? {} : { sender }),
      ...(recipient === null ? {} : { recipient }),
      ...(account === null ? {} : { account }),
      route,
    })),
  };
}
