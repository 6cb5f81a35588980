// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Near-duplicate search and its benchmark, as a front end sees them: plain types only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl {

/// Features of a folder's or data set's images on disk, made or brought up to date.
struct SimilarIndexRequest {
  std::string model;
  std::string layer = "features";  ///< a name of Engine::featureLayers()
  bool normalise = true;           ///< rows of length 1
  std::string folder;              ///< of image files, with all folders in it; or
  std::string dataset;
  std::string split = "test";  ///< of the data set: test or train
  std::int64_t count = 0;      ///< of the data set: the first so many; 0 for all
  InputFit fit = InputFit::Fit;
  std::string index;  ///< file; "" for one in the user's folder that goes with what is asked
  std::string device = "auto";
  int threads = 0;             ///< 0: all cores
  std::int64_t batchSize = 0;  ///< 0: chosen
};

/// A file that could not be indexed.
struct SimilarProblem {
  std::string name;
  std::string problem;
};

struct SimilarIndexResult {
  std::string index;        ///< file
  std::int64_t images = 0;  ///< in the index
  std::int64_t rows = 0;    ///< different ones
  std::int64_t dimension = 0;
  std::int64_t added = 0;                            ///< now
  std::int64_t kept = 0;                             ///< there already
  std::int64_t removed = 0;                          ///< whose files are gone or have changed
  std::int64_t sizes = 0;                            ///< different sizes before they were fitted
  std::vector<std::vector<std::string>> duplicates;  ///< names of images that are equal byte for byte
  std::vector<SimilarProblem> problems;
  double seconds = 0;
  double imagesPerSecond = 0;  ///< of those added
  std::string json;
};

struct SimilarQueryRequest {
  std::string index;               ///< file
  std::string model;               ///< "" for the file that the index names; another model is refused
  std::vector<std::string> files;  ///< image files; or
  std::vector<Image> images;       ///< images; or
  std::string dataset;             ///< test images of a data set:
  std::int64_t first = 0;
  std::int64_t count = 1;
  std::vector<StepRequest> steps;  ///< natural perturbations of each query first
  std::string measure = "l2";      ///< l2 (squared) or cosine
  std::int64_t top = 10;
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;  ///< 0: all cores
};

struct SimilarNeighbour {
  std::string name;
  std::vector<std::string> also;  ///< images that are equal byte for byte
  std::optional<int> label;
  double distance = 0;
};

struct SimilarAnswer {
  std::string query;                         ///< file, "test/17", or ""
  Image image;                               ///< that was compared: perturbed, at its own size
  std::vector<SimilarNeighbour> neighbours;  ///< nearest first
};

struct SimilarQueryResult {
  std::vector<SimilarAnswer> answers;
  std::int64_t images = 0;  ///< in the index
  double searchSeconds = 0;
  double seconds = 0;
  std::string json;
};

/// A labelled near-duplicate benchmark: images of a data set and what distortions make of them, against other images.
struct SimilarBenchmarkRequest {
  std::vector<std::string> models;  ///< one, or several that are compared with the first
  std::string layer = "features";
  bool normalise = true;
  std::string measure = "l2";
  std::string dataset;
  std::string split = "test";
  std::int64_t count = 1000;    ///< images, the first in a seeded order; 0 for all
  std::int64_t negatives = 10;  ///< other images, drawn at random, for each
  std::vector<std::vector<StepRequest>>
      distortions;            ///< stacks of natural perturbations; empty for standardDistortions
  std::int64_t draws = 1000;  ///< of the bootstrap
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;             ///< 0: all cores
  std::int64_t batchSize = 0;  ///< 0: chosen
};

/// A figure with its bootstrap interval of 95 %.
struct SimilarFigure {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct SimilarCurvePoint {
  double recall = 0;
  double precision = 0;
  double threshold = 0;
};

/// One model on one distortion.
struct SimilarModelFigures {
  std::vector<SimilarFigure> precisions;  ///< at each of SimilarBenchmarkResult::recalls
  SimilarFigure averagePrecision;
  SimilarFigure ranking;                  ///< share of triplets with d(x, distorted x) < d(x, other)
  std::vector<SimilarCurvePoint> curve;   ///< at most 201 points by rising recall
  std::vector<double> positiveQuantiles;  ///< distances below which 0, 1, …, 100 % of the positive pairs lie
  std::vector<double> negativeQuantiles;  ///< and of the negative pairs
};

struct SimilarDistortion {
  std::string name;  ///< "jpeg quality 50", …; "all"
  std::vector<StepRequest> steps;
  std::vector<SimilarModelFigures> models;       ///< one a model
  std::vector<SimilarModelFigures> differences;  ///< of each later model to the first; without curve and quantiles
};

struct SimilarBenchmarkResult {
  std::vector<double> recalls;  ///< 0.90, 0.95, 0.99
  std::vector<SimilarDistortion> distortions;
  SimilarDistortion pooled;  ///< pairs of all distortions together
  /// Triplets (x, another of its class, one of another class), as they are and with x distorted; one figure a model.
  std::vector<double> classRankingClean;
  std::vector<double> classRankingDistorted;
  std::int64_t images = 0;
  double seconds = 0;
  std::string json;
};

}  // namespace whorl
