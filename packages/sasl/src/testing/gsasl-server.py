"""A server by GNU SASL, for one login: python3 gsasl-server.py MECHANISM OPTIONS

Takes a line of base64 for each response, `-` for an initial response that there is none of. Gives a line for each step:
`challenge BASE64`, `failure WORDS`, or `success JSON` with what the library knows of the client.
"""

import base64
import ctypes
import json
import sys

OK, NEEDS_MORE, NEEDS_PASSCODE, NEEDS_PIN, REFUSED, NO_CALLBACK = 0, 1, 48, 49, 31, 51
PROPERTIES = {
    'authid': 1, 'authzid': 2, 'password': 3, 'anonymous-token': 4, 'service': 5, 'hostname': 6,
    'gssapi-display-name': 7, 'passcode': 8, 'suggested-pin': 9, 'pin': 10, 'realm': 11, 'qops': 13, 'scram-iter': 15,
    'cb-tls-unique': 18, 'cb-tls-exporter': 25,
}
VALIDATE_EXTERNAL, VALIDATE_ANONYMOUS, VALIDATE_GSSAPI, VALIDATE_SECURID = 501, 502, 503, 504

mechanism, options = sys.argv[1], json.loads(sys.argv[2])
given = {PROPERTIES[name]: value for name, value in options.get('properties', {}).items()}
# What is said of each passcode: `ok`, `next` or `pin`.
verdicts = options.get('passcodes', {})

library = ctypes.CDLL('libgsasl.so.18')
library.gsasl_property_fast.restype = ctypes.c_char_p
library.gsasl_property_fast.argtypes = [ctypes.c_void_p, ctypes.c_int]
library.gsasl_property_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
library.gsasl_strerror.restype = ctypes.c_char_p
library.gsasl_step.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t,
    ctypes.POINTER(ctypes.POINTER(ctypes.c_char)), ctypes.POINTER(ctypes.c_size_t),
]


def known(session, name):
    value = library.gsasl_property_fast(session, PROPERTIES[name])
    return None if value is None else value.decode()


def judge(session):
    verdict = verdicts.get(known(session, 'passcode'))
    if verdict == 'ok' or (verdict == 'pin' and known(session, 'pin') is not None):
        return OK
    if verdict == 'pin':
        library.gsasl_property_set(session, PROPERTIES['suggested-pin'], b'4711')
        return NEEDS_PIN
    return NEEDS_PASSCODE if verdict == 'next' else REFUSED


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
def callback(_, session, asked):
    if asked in (VALIDATE_EXTERNAL, VALIDATE_ANONYMOUS, VALIDATE_GSSAPI):
        return OK
    if asked == VALIDATE_SECURID:
        return judge(session)
    if asked not in given:
        return NO_CALLBACK
    library.gsasl_property_set(session, asked, given[asked].encode())
    return OK


def say(word, text=''):
    print(word, text, flush=True)


def step(session, response):
    out, size = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t()
    outcome = library.gsasl_step(session, response, len(response), ctypes.byref(out), ctypes.byref(size))
    return outcome, ctypes.string_at(out, size.value) if size.value else b''


def serve():
    context, session = ctypes.c_void_p(), ctypes.c_void_p()
    library.gsasl_init(ctypes.byref(context))
    library.gsasl_callback_set(context, callback)
    outcome = library.gsasl_server_start(context, mechanism.encode(), ctypes.byref(session))
    if outcome != OK:
        return say('failure', library.gsasl_strerror(outcome).decode())

    for line in sys.stdin:
        outcome, out = step(session, b'' if line == '-\n' else base64.b64decode(line))
        if outcome not in (OK, NEEDS_MORE):
            return say('failure', library.gsasl_strerror(outcome).decode())
        if outcome == NEEDS_MORE or out:
            say('challenge', base64.b64encode(out).decode())
        if outcome == OK:
            # What comes with success goes as a challenge of its own, as in SMTP and IMAP.
            if out:
                sys.stdin.readline()
            return say('success', json.dumps({name: known(session, name) for name in PROPERTIES if name != 'password'}))


serve()
