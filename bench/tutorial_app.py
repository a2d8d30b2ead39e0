"""The peer: file ingestion as the FastAPI tutorial shows it, with `UploadFile` and `BackgroundTasks`.

It neither hashes nor syncs, and its jobs live in memory; that is the point of the comparison.
"""

import os
import shutil
import uuid
from pathlib import Path

from fastapi import BackgroundTasks, FastAPI, UploadFile

app = FastAPI()
FOLDER = Path(os.environ["BENCH_FOLDER"])
JOBS: dict[str, str] = {}


def process(job_id: str, path: Path) -> None:
    JOBS[job_id] = f"done: {path.stat().st_size}"


@app.post("/upload", status_code=202)
async def upload(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
    job_id = uuid.uuid4().hex
    path = FOLDER / job_id
    with path.open("wb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
    JOBS[job_id] = "queued"
    background_tasks.add_task(process, job_id, path)
    return {"job_id": job_id}
