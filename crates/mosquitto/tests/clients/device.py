"""A device with paho-python that reconnects by itself: PORT VERSION CLIENT_ID fresh|old COMMAND..."""

import signal
import subprocess
import sys

import paho.mqtt.client as mqtt

port, version, device_id, passwords, *command = sys.argv[1:]


def password() -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# Longer than the test, which ends this program.
signal.alarm(300)
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=device_id, protocol=int(version))
if passwords == "fresh":
    client.on_pre_connect = lambda client, userdata: client.username_pw_set(device_id, password())
else:
    client.username_pw_set(device_id, password())
client.reconnect_delay_set(1, 1)
client.connect_async("127.0.0.1", int(port))
client.loop_forever(retry_first_connection=True)
