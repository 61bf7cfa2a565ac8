/** What the bundler takes out of a module, and loads beside it. */
declare module '*.css';
