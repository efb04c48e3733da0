# A mail server of other people's making (aiosmtpd), to judge our letters by. Usage: server.py CERTIFICATE KEY
# It takes mail after STARTTLS from the user "woggle" with the password "secret word". It prints its port, and then
# each mail as a line of JSON, and ends when its input ends.
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult


class Printer:
    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                          "helo": session.host_name, "content": envelope.content.decode("ascii")}), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = data.login == b"woggle" and data.password == b"secret word"
    return AuthResult(success=right, handled=False)


async def main():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1], sys.argv[2])
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Printer(), loop=loop, tls_context=tls, require_starttls=True, auth_required=True,
                     authenticator=authenticate), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
