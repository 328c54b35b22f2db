"""Drives a server with the official SDK 2.x: `sdk2_driver.py CALLS_JSON COMMAND ARGS...` prints a JSON transcript."""

import asyncio
import json
import sys

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


async def drive(calls, command):
    parameters = StdioServerParameters(command=command[0], args=command[1:])
    async with Client(stdio_client(parameters), mode="auto") as client:
        transcript = [client.protocol_version, client.server_info.model_dump(mode="json")]
        transcript.append((await client.list_tools()).model_dump(mode="json"))
        for name, arguments in calls:
            transcript.append((await client.call_tool(name, arguments)).model_dump(mode="json"))
        return transcript


sys.stdout.write(json.dumps(asyncio.run(drive(json.loads(sys.argv[1]), sys.argv[2:]))))
