"""The automatic half's data. Boxes are (x1, y1, x2, y2) pixels of the EXIF-rotated original, x2/y2 exclusive."""

from annotation.models.annotations import ImageAnnotation, RegionAnnotation, RegionCandidates, RegionMatch
from annotation.models.concepts import MEANING_LENGTH, Concept, ConceptKind, ConceptMeaning, MeaningSource
from annotation.models.images import Image, ImportedCaption
from annotation.models.imports import ImportProblem, ImportRun, ImportState
from annotation.models.loops import ACTIVE_LOOP_STATES, Loop, LoopState
from annotation.models.producers import Producer
from annotation.models.regions import Region, RegionKind
from annotation.models.removals import BlacklistedPhoto
from annotation.models.stage_runs import Stage, StageFailure, StageRun, StageState
from annotation.models.texts import QuestionAnswer

__all__ = [
    "ACTIVE_LOOP_STATES",
    "MEANING_LENGTH",
    "BlacklistedPhoto",
    "Concept",
    "ConceptKind",
    "ConceptMeaning",
    "Image",
    "ImageAnnotation",
    "ImportProblem",
    "ImportRun",
    "ImportState",
    "ImportedCaption",
    "Loop",
    "LoopState",
    "MeaningSource",
    "Producer",
    "QuestionAnswer",
    "Region",
    "RegionAnnotation",
    "RegionCandidates",
    "RegionKind",
    "RegionMatch",
    "Stage",
    "StageFailure",
    "StageRun",
    "StageState",
]
