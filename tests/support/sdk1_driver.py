"""Drives a server with the official SDK 1.x: `sdk1_driver.py CALLS_JSON COMMAND ARGS...` prints a JSON transcript."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def drive(calls, command):
    parameters = StdioServerParameters(command=command[0], args=command[1:], env=None)
    async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
        opened = await session.initialize()
        await session.send_ping()
        transcript = [opened.model_dump(mode="json"), (await session.list_tools()).model_dump(mode="json")]
        for name, arguments in calls:
            transcript.append((await session.call_tool(name, arguments)).model_dump(mode="json"))
        return transcript


sys.stdout.write(json.dumps(asyncio.run(drive(json.loads(sys.argv[1]), sys.argv[2:]))))
