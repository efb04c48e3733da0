// A message centre of other people's making, for the tests of the SMPP route. It prints its port, and each text that it gets, as
// a line of JSON, and sends a receipt for each. With the word "throttle" it first says three times that it is too much; with "quiet" it only answers.
const smpp = require("smpp");

let throttle = process.argv.includes("throttle") ? 3 : 0;
let number = 5000;
const quiet = process.argv.includes("quiet"); // for the benchmark: answers, and nothing else
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const server = smpp.createServer((session) => {
  session.on("error", () => session.close());
  session.on("bind_transceiver", (pdu) => {
    const status = pdu.password === "secret" ? smpp.ESME_ROK : smpp.ESME_RINVPASWD;
    session.send(pdu.response({ command_status: status, system_id: "centre" }));
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
  session.on("submit_sm", (pdu) => {
    if (throttle > 0) {
      throttle -= 1;
      session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
      return;
    }
    number += 1;
    const id = String(number);
    if (quiet) {
      session.send(pdu.response({ message_id: id }));
      return;
    }
    const part = pdu.short_message.udh ? [...pdu.short_message.udh[0]] : null;
    say({ id, to: pdu.destination_addr, from: pdu.source_addr, ton: pdu.source_addr_ton, coding: pdu.data_coding, text: pdu.short_message.message, part });
    session.send(pdu.response({ message_id: id }));
    session.deliver_sm({
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2611241200 done date:2611241200 stat:DELIVRD err:000 text:`,
    });
  });
});
server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
