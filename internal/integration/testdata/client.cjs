// Sends frames with npm zeromq: client.cjs push|pub ENDPOINT. The protocol is client.py's, but pub binds, as metlog's Node
// client did.
const readline = require("node:readline/promises");
const zmq = require("zeromq");

async function main([kind, endpoint]) {
  const socket = kind === "pub" ? new zmq.Publisher() : new zmq.Push();
  socket.sendHighWaterMark = 100000;
  socket.linger = 10000;
  if (kind === "pub") await socket.bind(endpoint);
  else socket.connect(endpoint);

  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const next = async () => {
    const { value } = await lines.next();
    return value ? Buffer.from(value, "base64") : null;
  };
  if (kind === "pub") {
    const hello = await next();
    let heard = false;
    const calling = (async () => {
      while (!heard) {
        await socket.send(hello);
        await new Promise((wake) => setTimeout(wake, 20));
      }
    })();
    const first = await next();
    heard = true;
    await calling;
    await socket.send(first);
  }
  for (let frame = await next(); frame; frame = await next()) await socket.send(frame);
  socket.close();
  process.stdin.destroy();
}

main(process.argv.slice(2));
