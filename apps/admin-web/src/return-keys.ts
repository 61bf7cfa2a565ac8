/** Of the page that a browser with the key of a device is led back to, behind `#`: it goes to no server and in no log. */
export const RETURN_KEYS = { code: 'key-code', problem: 'key-problem' } as const;
