"""A context of the GSS-API by MIT Kerberos: python3 gss-context.py SERVICE

Takes `step BASE64`, `unwrap BASE64`, `wrap BASE64`. Gives `complete BASE64` or `continue BASE64` for a step, `done BASE64`
for the others.
"""

import base64
import sys

import gssapi

flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
service = gssapi.Name(sys.argv[1], name_type=gssapi.NameType.hostbased_service)
context = gssapi.SecurityContext(name=service, mech=gssapi.MechType.kerberos, flags=flags, usage='initiate')

for line in sys.stdin:
    call, octets = line.rstrip('\n').split(' ')
    message = base64.b64decode(octets)
    if call == 'step':
        answer = context.step(message or None) or b''
        word = 'complete' if context.complete else 'continue'
    else:
        answer = context.unwrap(message).message if call == 'unwrap' else context.wrap(message, False).message
        word = 'done'
    print(word, base64.b64encode(answer).decode(), flush=True)
