/** The ways by which mail leaves (routes): their secrets, those of webhooks, and connections by them. */

export { changeRoute, openFor, type RoutePlace, sealFor } from './change-route.ts';
export {
  type OpenedSmarthost,
  openSmarthost,
  routeProxy,
  type SmarthostPlace,
} from './open-smarthost.ts';
export { otherSecrets } from './other-secrets.ts';
export { openRouteSecrets, type RouteSecrets, requireSamePair, sealRouteSecrets } from './route-secrets.ts';
export { SealingError, SealingKey } from './sealing-key.ts';
export { type Source, SourceAddresses } from './source-addresses.ts';
export { type RouteTest, type RouteTestParts, type TestStep, testRoute } from './test-route.ts';
export { openWebhookSecret, sealClearSecrets, webhookSealer } from './webhook-secrets.ts';
